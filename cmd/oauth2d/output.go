package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v3"
)

// table is a result for people: a line of names and lines of values.
type table struct {
	head []string
	rows [][]string
}

func (s *shared) checkOutput() error {
	if !slices.Contains([]string{"table", "json", "yaml"}, s.output) {
		return usage("--output %s: is none of table, json, yaml", s.output)
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
		return t.print(s.out)
	}
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

func (t table) print(w io.Writer) error {
	aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(t.head) > 0 {
		fmt.Fprintln(aligned, strings.ToUpper(strings.Join(t.head, "\t")))
	}
	for _, row := range t.rows {
		fmt.Fprintln(aligned, strings.Join(row, "\t"))
	}
	return aligned.Flush()
}

// when is a time in a table; a dash when there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// timeOrNil is a time for JSON; left out when there is none.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC().Truncate(time.Second)
	return &utc
}

// orDash shows that a cell is empty on purpose.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
