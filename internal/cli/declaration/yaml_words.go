package declaration

import "go.yaml.in/yaml/v3"

func shownScalar(node *yaml.Node, otherwise string) string {
	if node.Kind == yaml.ScalarNode && len(node.Value) < 80 {
		return node.Value
	}
	return otherwise
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// kindOfNode describes how YAML reads a node.
func kindOfNode(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a section"
	case yaml.SequenceNode:
		return "a list"
	default:
	}
	switch node.Tag {
	case "!!int", "!!float":
		return "a number (" + node.Value + ")"
	case "!!bool":
		return "true or false (" + node.Value + ")"
	case "!!timestamp":
		return "a date (" + node.Value + ")"
	case "!!str":
		return "text"
	default:
		return "something else"
	}
}

// below returns the path of a member within a section.
func below(at, member string) string {
	if at == "" {
		return member
	}
	return at + "." + member
}
