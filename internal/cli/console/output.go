package console

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// CheckOutput refuses an unknown --output.
func (c *Console) CheckOutput() error {
	if !slices.Contains([]string{"table", "json", "yaml"}, c.Output) {
		return exit.NotOneOf("--output", c.Output, []string{"table", "json", "yaml"})
	}
	return nil
}

// Print writes a result: value as JSON or YAML, or the table for people.
func (c *Console) Print(value any, t Table) error {
	switch c.Output {
	case "json":
		return PrintJSON(c.Out, value)
	case "yaml":
		return PrintYAML(c.Out, value)
	default:
		return t.Print(c.Out, c.Width)
	}
}

// PrintUnlessTable writes a result for machines. Messages have said the same to people.
func (c *Console) PrintUnlessTable(value any) error {
	if c.Output == "table" {
		return nil
	}
	return c.Print(value, Table{})
}

// PrintJSON writes a value as indented JSON.
func PrintJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// PrintYAML writes a value as YAML. It converts from JSON, so that both have the same names in the same order.
func PrintYAML(w io.Writer, value any) error {
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

// OrDash returns text, or a dash for an empty cell.
func OrDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// Count formats a number with the noun that it counts.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// ParseTime parses a time (RFC 3339), or an age such as 24h. An empty text is the zero time.
func ParseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	age, err := config.ParseDuration(text)
	bare := strings.Trim(text, "0123456789") == "" // a number alone may be meant as a year
	if err == nil && age >= 0 && !bare {
		return time.Now().Add(-age), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, exit.Usagef("%s %s: is neither a time nor an age; hint: 2026-05-01T12:00:00Z, 24h or 7d", flag, text)
	}
	return at, nil
}

// Inline formats a value as JSON in one line; nil is "(none)".
func Inline(value any) string {
	if value == nil {
		return "(none)"
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return string(raw)
}
