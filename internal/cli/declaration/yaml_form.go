package declaration

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// yamlForm compares YAML documents with the Go type that they are read into. The decoder of the library would drop
// unknown members, and name Go's types in errors; here each mistake has its file, line, member and the allowed form.
type yamlForm struct {
	name  string // of the file
	wrong []error
}

// maxAliased bounds the nodes that the aliases and merge keys of a document expand to.
const maxAliased = 1_000_000

// maxMistakes bounds the reported mistakes of one file.
const maxMistakes = 20

// documents reads every document of a YAML file. Empty documents are left out.
func (f *yamlForm) documents(raw []byte) ([]*yaml.Node, error) {
	all, err := smallfile.Documents(raw, maxAliased)
	if err != nil {
		return nil, f.notYAML(err)
	}
	return all, nil
}

// notYAML puts the line of a syntax error behind the name of the file.
func (f *yamlForm) notYAML(err error) error {
	text, syntax := strings.CutPrefix(err.Error(), "yaml: ")
	problem := "is not YAML"
	if !syntax {
		problem = "cannot be read"
	}
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if line, what, cut := strings.Cut(rest, ": "); cut {
			return exit.Usagef("%s:%s: %s: %s", f.name, line, problem, what)
		}
	}
	return exit.Usagef("%s: %s: %s", f.name, problem, text)
}

// into decodes a node into a pointer to a struct. It returns false, and adds mistakes to f.wrong, when the node does not
// have the form of the struct.
func (f *yamlForm) into(node *yaml.Node, at string, target any) bool {
	before := len(f.wrong)
	value := f.value(node, reflect.TypeOf(target).Elem(), at)
	if len(f.wrong) > before {
		return false
	}
	raw, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(raw, target)
	}
	if err != nil {
		f.mistake(node, at, "cannot be read")
	}
	return err == nil
}

// err returns the mistakes, or nil.
func (f *yamlForm) err() error {
	shown := f.wrong
	if len(shown) > maxMistakes {
		shown = append(slices.Clone(shown[:maxMistakes]), fmt.Errorf("%s: %d more mistakes", f.name, len(f.wrong)-maxMistakes))
	}
	if len(shown) == 0 {
		return nil
	}
	return exit.Usagef("%w", errors.Join(shown...))
}

func (f *yamlForm) mistake(node *yaml.Node, at, format string, args ...any) {
	if len(f.wrong) >= maxMistakes {
		f.wrong = append(f.wrong, nil) // counted, not shown: a long file can hold a million
		return
	}
	what := fmt.Sprintf(format, args...)
	if strings.Contains(at, "secret") && node.Value != "" {
		what = strings.ReplaceAll(what, node.Value, "...") // it may be the secret itself
	}
	if at != "" {
		what = at + ": " + what
	}
	f.wrong = append(f.wrong, fmt.Errorf("%s:%d: %s", f.name, node.Line, what))
}

// value returns what json.Marshal turns into the JSON form of a node of this type; nil when the node is
// null or has a mistake.
func (f *yamlForm) value(node *yaml.Node, t reflect.Type, at string) any {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if isNull(node) {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		return f.section(node, f.members(t), at)
	case reflect.Map:
		return f.pairs(node, t, at)
	case reflect.Slice:
		return f.list(node, t, at)
	default:
		return f.scalar(node, t.Kind(), at)
	}
}

// yamlMembers are the members that a section may have, each with the function that reads its value.
type yamlMembers map[string]func(node *yaml.Node, at string) any

// members returns the fields of a struct by their names in JSON.
func (f *yamlForm) members(t reflect.Type) yamlMembers {
	if t == reflect.TypeFor[Client]() {
		return f.clientMembers()
	}
	all := yamlMembers{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.IsExported() && name != "" {
			all[name] = f.reader(field.Type)
		}
	}
	return all
}

// clientMembers returns the members of a declared client: the properties of clientmeta, and its secret.
func (f *yamlForm) clientMembers() yamlMembers {
	all := yamlMembers{}
	for _, name := range []string{"client_id", "client_secret_file", "client_secret_hash"} {
		all[name] = f.reader(reflect.TypeFor[string]())
	}
	for _, m := range clientmeta.Members() {
		inner := yamlMembers{}
		for _, p := range m.Properties {
			inner[p.Name] = f.reader(reflect.TypeOf(p.Wire(&oauth.Client{})))
		}
		if m.Group == nil {
			all[m.Name] = inner[m.Name]
			continue
		}
		all[m.Name] = func(node *yaml.Node, at string) any {
			if node = resolved(node); isNull(node) {
				return nil
			}
			return f.section(node, inner, at)
		}
	}
	return all
}

func (f *yamlForm) reader(t reflect.Type) func(*yaml.Node, string) any {
	return func(node *yaml.Node, at string) any { return f.value(node, t, at) }
}

func (f *yamlForm) section(node *yaml.Node, known yamlMembers, at string) any {
	if node.Kind != yaml.MappingNode {
		f.mistake(node, at, "is %s; members are expected, such as %s", kindOfNode(node), slices.Sorted(maps.Keys(known))[0]+": ...")
		return nil
	}
	all := map[string]any{}
	f.eachPair(node, at, func(key, value *yaml.Node) {
		read, ok := known[key.Value]
		if !ok {
			what := "no such member"
			if near := oauth.Nearest(key.Value, slices.Sorted(maps.Keys(known))); near != "" {
				what += "; did you mean " + near + "?"
			}
			f.mistake(key, below(at, key.Value), "%s", what)
			return
		}
		all[key.Value] = read(value, below(at, key.Value))
	})
	return all
}

func (f *yamlForm) pairs(node *yaml.Node, t reflect.Type, at string) any {
	if node.Kind != yaml.MappingNode {
		f.mistake(node, at, "is %s; name: value pairs are expected", kindOfNode(node))
		return nil
	}
	all := map[string]any{}
	f.eachPair(node, at, func(key, value *yaml.Node) {
		all[key.Value] = f.value(value, t.Elem(), below(at, key.Value))
	})
	return all
}

// eachPair calls do for each key and value, merged ones (<<) included. A duplicate key is a mistake.
func (f *yamlForm) eachPair(node *yaml.Node, at string, do func(key, value *yaml.Node)) {
	seen := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Tag == "!!merge":
			merged = append(merged, value)
			continue
		case key.Kind != yaml.ScalarNode:
			f.mistake(key, at, "a name of a member is %s", kindOfNode(key))
			continue
		case seen[key.Value]:
			f.mistake(key, below(at, key.Value), "is duplicated")
			continue
		}
		seen[key.Value] = true
		do(key, value)
	}
	for _, from := range merged {
		for _, source := range mergeSources(from) {
			f.eachPair(source, at, func(key, value *yaml.Node) {
				if !seen[key.Value] {
					seen[key.Value] = true
					do(key, value)
				}
			})
		}
	}
}

// mergeSources returns the mappings that a merge key names: one, or a list of them.
func mergeSources(node *yaml.Node) []*yaml.Node {
	named := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		named = node.Content
	}
	var all []*yaml.Node
	for _, one := range named {
		for one.Kind == yaml.AliasNode {
			one = one.Alias
		}
		if one.Kind == yaml.MappingNode {
			all = append(all, one)
		}
	}
	return all
}

func (f *yamlForm) list(node *yaml.Node, t reflect.Type, at string) any {
	if node.Kind != yaml.SequenceNode {
		f.mistake(node, at, "is %s; a list is expected; write [%s]", kindOfNode(node), shownScalar(node, "a, b"))
		return nil
	}
	all := []any{}
	for i, one := range node.Content {
		place := at + "[" + strconv.Itoa(i) + "]"
		if isNull(one) {
			f.mistake(one, place, "is empty")
			continue
		}
		all = append(all, f.value(one, t.Elem(), place))
	}
	return all
}

// scalar reads text, a whole number, or true and false. Text must be text to YAML, too: a number may have lost its
// leading zeros.
func (f *yamlForm) scalar(node *yaml.Node, kind reflect.Kind, at string) any {
	isScalar := node.Kind == yaml.ScalarNode
	switch kind {
	case reflect.Bool:
		var on bool
		if isScalar && node.Tag == "!!bool" && node.Decode(&on) == nil {
			return on
		}
		f.mistake(node, at, "is %s; true or false is expected", kindOfNode(node))
	case reflect.String:
		if isScalar && node.Tag == "!!str" {
			return node.Value
		}
		f.mistake(node, at, "is %s; text is expected; write %s", kindOfNode(node), wantedText(node))
	default:
		var n int64
		if isScalar && node.Tag == "!!int" && node.Decode(&n) == nil {
			return n
		}
		f.mistake(node, at, "is %s; a whole number is expected", kindOfNode(node))
	}
	return nil
}

// wantedText shows the spelling that makes a node text.
func wantedText(node *yaml.Node) string {
	switch node.Kind {
	case yaml.SequenceNode:
		var parts []string
		for _, one := range node.Content {
			parts = append(parts, one.Value)
		}
		return strconv.Quote(strings.Join(parts, " "))
	case yaml.ScalarNode:
		return strconv.Quote(node.Value)
	default:
		return `it in quotes, "..."`
	}
}
