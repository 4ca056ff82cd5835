package config

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of the YAML file, made from the tags of the settings.
func Schema() []byte {
	root := section("Settings of oauth2d")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://github.com/recipe-web-app/oauth2d/config.schema.json"
	for _, f := range Fields() {
		into := root
		if name := f.Section(); name != "" {
			for part := range strings.SplitSeq(name, ".") {
				into = subsection(into, part)
			}
		}
		name := f.Key[strings.LastIndexByte(f.Key, '.')+1:]
		properties(into)[name] = schemaOf(f)
		if f.Secret() {
			properties(into)[name+fileSuffix] = map[string]any{
				"type":        "string",
				"description": "A file that holds " + f.Key + ".",
			}
		}
	}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("config: the schema does not encode: " + err.Error()) // maps, strings and numbers always do
	}
	return append(out, '\n')
}

// durationForm matches what ParseDuration accepts. JSON Schema cannot express the bounds of the value: the daemon checks
// them.
const (
	goDuration   = `((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))`
	durationForm = `[-+]?\d+|[-+]?` + goDuration + `+|\d{1,5}d` + goDuration + `*`
)

func section(title string) map[string]any {
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
	if title != "" {
		s["title"] = title
	}
	return s
}

func properties(s map[string]any) map[string]any {
	p, _ := s["properties"].(map[string]any)
	return p
}

func subsection(s map[string]any, name string) map[string]any {
	if below, ok := properties(s)[name].(map[string]any); ok {
		return below
	}
	below := section("")
	properties(s)[name] = below
	return below
}

func schemaOf(f Field) map[string]any {
	s := map[string]any{"description": f.Doc}
	switch f.Kind {
	case Number:
		s["type"] = "integer"
		putNumber(s, "minimum", f.Min)
		putNumber(s, "maximum", f.Max)
		putNumber(s, "default", f.Default)
	case Switch:
		s["type"], s["default"] = "boolean", f.Default == "true"
	case Duration:
		s["type"] = []string{"string", "integer"}
		s["default"], s["pattern"] = f.Default, `^\s*(`+durationForm+`)\s*$`
	case List, Hiddens:
		item := map[string]any{"type": "string"}
		if f.OneOf != nil {
			item["enum"] = f.OneOf
		}
		s["type"], s["items"] = []string{"array", "string"}, item
	case Objects:
		item := section("")
		for _, one := range f.Items {
			properties(item)[one.Key] = schemaOf(one)
		}
		s["type"], s["items"] = "array", item
	default:
		s["type"] = "string"
		if f.OneOf != nil {
			s["enum"] = f.OneOf
		}
		if f.Section() == "limits" && f.OneOf == nil {
			s["pattern"] = `^\s*(off|0|(\d+\s*/\s*(` + durationForm + `))?)\s*$`
		}
		if f.Default != "" {
			s["default"] = f.Default
		}
	}
	return s
}

func putNumber(s map[string]any, name, text string) {
	if n, err := strconv.Atoi(text); err == nil {
		s[name] = n
	}
}
