package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// exportValues reads the JSON values of an export: one or several, of which arrays are taken apart. The
// name of the file is part of what is wrong.
func exportValues(name string, raw []byte) ([]json.RawMessage, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // the byte order mark of Windows editors
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return nil, usage("%s: is UTF-16; hint: save it as UTF-8", name)
	case len(bytes.TrimSpace(raw)) == 0:
		// What wrote it failed: to end with success would hide that.
		return nil, usage("%s: is empty; hint: an export without clients is []", name)
	}
	var all []json.RawMessage
	for d := json.NewDecoder(bytes.NewReader(raw)); ; {
		var value json.RawMessage
		err := d.Decode(&value)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, notJSON(name, raw, d.InputOffset(), err)
		}
		var list []json.RawMessage
		if bytes.HasPrefix(bytes.TrimSpace(value), []byte("[")) && json.Unmarshal(value, &list) == nil {
			all = append(all, list...)
			continue
		}
		all = append(all, value)
	}
}

// notJSON names the line of a syntax error. start is where the value begins that has it.
func notJSON(name string, raw []byte, start int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return usage("%s:%d: is not JSON: it ends too early; a bracket or a quote is not closed", name, lineAt(raw, int64(len(raw))))
	}
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return usage("%s: is not JSON: %w", name, err)
	}
	// The decoder counts from the beginning of the file.
	at := max(syntax.Offset-1, start)
	what := strings.TrimPrefix(syntax.Error(), "json: ")
	switch {
	case strings.Contains(what, "after object key:value pair"):
		return usage("%s:%d: is not JSON: a comma or } is missing before this place", name, lineAt(raw, at))
	case strings.Contains(what, "after array element"):
		return usage("%s:%d: is not JSON: a comma or ] is missing before this place", name, lineAt(raw, at))
	default:
		return usage("%s:%d: is not JSON: %s", name, lineAt(raw, at), what)
	}
}

// lineAt is the number of the line of an offset.
func lineAt(raw []byte, offset int64) int {
	return 1 + bytes.Count(raw[:min(max(offset, 0), int64(len(raw)))], []byte("\n"))
}

// misshapen says which member of an entry has another form than it should, in words of JSON.
func misshapen(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return "it cannot be read"
	}
	if wrong.Field == "" {
		return "it is " + article(wrong.Value) + " where an object is expected"
	}
	return "its member " + wrong.Field + " is " + article(wrong.Value) + ", which it should not be"
}

func article(kind string) string {
	if strings.HasPrefix(kind, "a") || strings.HasPrefix(kind, "o") {
		return "an " + kind
	}
	return "a " + kind
}
