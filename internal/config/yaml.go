package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what aliases and merges of a YAML file can grow to.
const maxNodes = 100_000

// explicitNull is a null that stands in the file as a word ("null" or "~"). Nothing after the colon
// means "not set"; the word may be meant as text, so text and secret settings refuse it.
type explicitNull string

// document is a YAML file as it is written. Scalars keep their text: YAML would make numbers and
// dates of 0123456, 1e10 or 2024-01-01, and another password would be sent to Redis.
type document struct {
	values map[string]any // by the whole key: string, explicitNull, []any or map[string]any; nil for an empty value
	lines  map[string]int
	keys   []string // of values, in the order of the file
	wrong  Problems
	name   string
	left   int // nodes that may still be visited
}

// readYAML reads the one document of a file. keep reports whether a key is a setting, so that what
// stands below it is its value and not a section.
func readYAML(name string, raw []byte, keep func(key string) bool) (*document, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var root, second yaml.Node
	err := decoder.Decode(&root)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err == nil {
		switch err := decoder.Decode(&second); {
		case err == nil:
			return nil, fmt.Errorf("line %d: a second document begins here: settings are one document", second.Line)
		case !errors.Is(err, io.EOF):
			return nil, err
		}
	}
	d := &document{values: map[string]any{}, lines: map[string]int{}, name: name, left: maxNodes}
	if len(root.Content) == 0 {
		return d, nil
	}
	top := follow(root.Content[0])
	switch {
	case top.Kind == yaml.MappingNode:
		d.section("", top, keep)
	case top.Tag == "!!null":
	default:
		return nil, fmt.Errorf("line %d: settings are NAME: value lines", top.Line)
	}
	if d.left <= 0 {
		return nil, errors.New("aliases and merges make it too large")
	}
	return d, nil
}

// section takes in what stands below a key; "" is the top of the file.
func (d *document) section(at string, node *yaml.Node, keep func(string) bool) {
	seen := map[string]int{}
	for _, pair := range d.pairs(node, 0) {
		name := strings.ToLower(pair.key.Value)
		if pair.key.Kind != yaml.ScalarNode {
			d.wrong.add(orFile(at, d.name), fmt.Sprintf("has a name that is not text (line %d)", pair.key.Line), "")
			continue
		}
		key := join(at, name)
		if first, twice := seen[name]; twice {
			if !pair.merged {
				d.wrong.add(key, fmt.Sprintf("is there twice, in lines %d and %d", first, pair.key.Line), "take one away")
			}
			continue
		}
		seen[name] = pair.key.Line
		value := follow(pair.value)
		if value.Kind == yaml.MappingNode && !keep(key) && len(value.Content) > 0 {
			d.lines[key] = pair.key.Line
			d.section(key, value, keep)
			continue
		}
		if !slices.Contains(d.keys, key) {
			d.keys = append(d.keys, key)
		}
		d.lines[key] = pair.key.Line
		d.values[key] = d.value(key, value)
	}
}

// value is a node as it is written.
func (d *document) value(at string, node *yaml.Node) any {
	d.left--
	if d.left <= 0 {
		return nil
	}
	node = follow(node)
	switch node.Kind { //nolint:exhaustive // there is no other kind behind follow, below a document
	case yaml.SequenceNode:
		all := make([]any, 0, len(node.Content))
		for i, item := range node.Content {
			all = append(all, d.value(fmt.Sprintf("%s[%d]", at, i), item))
		}
		return all
	case yaml.MappingNode:
		below := map[string]any{}
		for _, pair := range d.pairs(node, 0) {
			name := strings.ToLower(pair.key.Value)
			key := join(at, name)
			if _, twice := below[name]; twice {
				if !pair.merged {
					d.wrong.add(key, fmt.Sprintf("is there twice, again in line %d", pair.key.Line), "take one away")
				}
				continue
			}
			d.lines[key] = pair.key.Line
			below[name] = d.value(key, pair.value)
		}
		return below
	case yaml.ScalarNode:
		switch {
		case node.Tag == "!!null" && node.Value == "":
			return nil
		case node.Tag == "!!null":
			return explicitNull(node.Value)
		case node.Tag == "!!binary":
			d.wrong.add(at, "uses the tag !!binary", "write the text itself, in quotes")
			return nil
		}
		return node.Value
	}
	return nil
}

// pair is one line of a mapping; merged ones come from "<<" and are weaker.
type pair struct {
	key, value *yaml.Node
	merged     bool
}

// pairs lists a mapping with what it merges, which stands last.
func (d *document) pairs(node *yaml.Node, depth int) []pair {
	var own, merged []pair
	if depth > 10 {
		d.left = 0
		return nil
	}
	for i := 0; i+1 < len(node.Content) && d.left > 0; i += 2 {
		d.left--
		key, value := node.Content[i], node.Content[i+1]
		if key.Tag != "!!merge" {
			own = append(own, pair{key, value, depth > 0})
			continue
		}
		from := follow(value)
		sources := []*yaml.Node{from}
		if from.Kind == yaml.SequenceNode {
			sources = from.Content
		}
		for _, source := range sources {
			merged = append(merged, d.pairs(follow(source), depth+1)...)
		}
	}
	for i := range merged {
		merged[i].merged = true
	}
	return append(own, merged...)
}

// follow resolves an alias. The parser refuses an alias to an anchor that is not there.
func follow(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func orFile(at, file string) string {
	if at == "" {
		return file
	}
	return at
}
