package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxAliased bounds how many nodes the aliases and merges of a YAML file may add.
const maxAliased = 100_000

// maxName bounds the length of a name in a YAML file, in bytes. No setting has a longer one, and the name is repeated
// in the key of everything below it.
const maxName = 200

// explicitNull is a null that the file writes as a word ("null" or "~"). An empty value means "not set", but the word
// may be meant as text, so text and secret settings refuse it.
type explicitNull string

// document is a YAML file as it is written. Scalars keep their text: YAML would turn 0123456, 1e10 or 2024-01-01 into
// numbers and dates, and the server would send another password to Redis.
type document struct {
	values map[string]any // by the whole key: string, explicitNull, []any or map[string]any; nil for an empty value
	lines  map[string]int
	keys   []string // of values, in the order of the file
	wrong  Problems
	name   string
}

// readYAML reads the one document of a file, or none. keep reports whether a key is a setting: the nodes below a
// setting are its value and not a section.
func readYAML(name string, documents []*yaml.Node, keep func(key string) bool) (*document, error) {
	d := &document{values: map[string]any{}, lines: map[string]int{}, name: name}
	if len(documents) == 0 {
		return d, nil
	}
	top := documents[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: settings are NAME: value lines", top.Line)
	}
	d.section("", top, keep)
	return d, nil
}

// section reads the nodes below a key; "" is the top of the file.
func (d *document) section(at string, node *yaml.Node, keep func(string) bool) {
	seen := map[string]int{}
	for _, pair := range pairs(node, false) {
		name := strings.ToLower(pair.key.Value)
		if !d.named(at, pair) {
			continue
		}
		key := join(at, name)
		if first, twice := seen[name]; twice {
			if !pair.merged {
				d.wrong.add(key, fmt.Sprintf("is set twice, in lines %d and %d", first, pair.key.Line), "remove one")
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

// value returns a node as it is written.
func (d *document) value(at string, node *yaml.Node) any {
	node = follow(node)
	switch node.Kind { //nolint:exhaustive // follow returns no other kind below a document
	case yaml.SequenceNode:
		all := make([]any, 0, len(node.Content))
		for i, item := range node.Content {
			all = append(all, d.value(fmt.Sprintf("%s[%d]", at, i), item))
		}
		return all
	case yaml.MappingNode:
		below := map[string]any{}
		for _, pair := range pairs(node, false) {
			if !d.named(at, pair) {
				continue
			}
			name := strings.ToLower(pair.key.Value)
			key := join(at, name)
			if _, twice := below[name]; twice {
				if !pair.merged {
					d.wrong.add(key, fmt.Sprintf("is set twice, again in line %d", pair.key.Line), "remove one")
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

// pair is one line of a mapping; merged ones come from "<<" and lines of the mapping itself override them.
type pair struct {
	key, value *yaml.Node
	merged     bool
}

// named reports whether the name of a pair can be a setting, and records a problem when it cannot.
func (d *document) named(at string, p pair) bool {
	switch {
	case p.key.Kind != yaml.ScalarNode:
		d.wrong.add(orFile(at, d.name), fmt.Sprintf("has a name that is not text (line %d)", p.key.Line), "")
	case len(p.key.Value) > maxName:
		d.wrong.add(orFile(at, d.name), fmt.Sprintf("has a name longer than %d bytes (line %d)", maxName, p.key.Line), "")
	default:
		return true
	}
	return false
}

// pairs lists a mapping with the pairs that it merges, which come last. The Documents function bounds how many that may
// be.
func pairs(node *yaml.Node, within bool) []pair {
	var own, merged []pair
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Tag != "!!merge" {
			own = append(own, pair{key, value, within})
			continue
		}
		from := follow(value)
		sources := []*yaml.Node{from}
		if from.Kind == yaml.SequenceNode {
			sources = from.Content
		}
		for _, source := range sources {
			merged = append(merged, pairs(follow(source), true)...)
		}
	}
	for i := range merged {
		merged[i].merged = true
	}
	return append(own, merged...)
}

// follow resolves an alias. The parser refuses an alias to an anchor that does not exist.
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
