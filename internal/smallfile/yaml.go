package smallfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds the nesting of the nodes of a document, aliases followed. A node that holds an alias of
// itself is nested without end.
const maxDepth = 100

// Documents returns the YAML documents of raw. Empty ones are left out: a bare "---" declares nothing.
//
// A reader that follows aliases and merge keys (<<) visits more nodes than the text has. Documents returns an
// error when they add more than the given number, so that no short text keeps a reader busy for long.
func Documents(raw []byte, added int) ([]*yaml.Node, error) {
	var all []*yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var document yaml.Node
		err := d.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if len(document.Content) != 1 || document.Content[0].ShortTag() == "!!null" {
			continue
		}
		e := expansion{left: added}
		if err := e.add(document.Content[0], 0, false); err != nil {
			return nil, err
		}
		all = append(all, document.Content[0])
	}
}

// expansion counts the nodes that aliases add to a document.
type expansion struct{ left int }

// add visits a node and all below it. Within an alias they are counted.
func (e *expansion) add(node *yaml.Node, depth int, aliased bool) error {
	if depth > maxDepth {
		return fmt.Errorf("line %d: is nested more than %d deep", node.Line, maxDepth)
	}
	if aliased {
		e.left--
		if e.left < 0 {
			return fmt.Errorf("line %d: the aliases expand to too much", node.Line)
		}
	}
	if node.Kind == yaml.AliasNode {
		return e.add(node.Alias, depth+1, true)
	}
	for _, below := range node.Content {
		if err := e.add(below, depth+1, aliased); err != nil {
			return err
		}
	}
	return nil
}
