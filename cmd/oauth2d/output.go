package main

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func (s *shared) checkOutput() error {
	if !slices.Contains([]string{"table", "json", "yaml"}, s.output) {
		return oneOf("--output", s.output, []string{"table", "json", "yaml"})
	}
	return nil
}

// print writes a result: value for machines, or the table for people.
func (s *shared) print(value any, t table) error {
	switch s.output {
	case "json":
		return printJSON(s.out, value)
	case "yaml":
		return printYAML(s.out, value)
	default:
		return t.print(s.out, s.width)
	}
}

// printUnlessTable writes a result that people were told already.
func (s *shared) printUnlessTable(value any) error {
	if s.output == "table" {
		return nil
	}
	return s.print(value, table{})
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// printYAML goes by way of JSON, so that both have the same names in the same order.
func printYAML(w io.Writer, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(raw, &node); err != nil {
		return err
	}
	block(&node)
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return err
	}
	return encoder.Close()
}

// block turns JSON's braces into YAML's indented form.
func block(node *yaml.Node) {
	node.Style = 0
	for _, below := range node.Content {
		block(below)
	}
}

// oneOf refuses a value that is none of those that are allowed, and names the one that was meant.
func oneOf(flag, value string, allowed []string) error {
	hint := ""
	if near := oauth.Nearest(value, allowed); near != "" && value != "" {
		hint = "; hint: did you mean " + near + "?"
	}
	return usage("%s %s: is none of %s%s", flag, value, strings.Join(allowed, ", "), hint)
}

// orDash shows that a cell is empty on purpose.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// count is a number and what it counts.
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// sortedKeys returns the names of a map in order.
func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

// moment reads a time (RFC 3339), or an age such as 24h. Empty is the zero time.
func (s *shared) moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	age, err := config.ParseDuration(text)
	bare := strings.Trim(text, "0123456789") == "" // such as a year: a number alone is no age here
	if err == nil && age >= 0 && !bare {
		return time.Now().Add(-age), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, usage("%s %s: is neither a time nor an age; hint: 2026-05-01T12:00:00Z, 24h or 7d", flag, text)
	}
	return at, nil
}
