package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

// exportValues returns the JSON values of an export: one or several; arrays are flattened. Errors name the file.
func exportValues(name string, raw []byte) ([]json.RawMessage, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // the byte order mark of Windows editors
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return nil, exit.Usagef("%s: is UTF-16; hint: save it as UTF-8", name)
	case len(bytes.TrimSpace(raw)) == 0:
		// The program that wrote it failed; success would hide that.
		return nil, exit.Usagef("%s: is empty; hint: an export without clients is []", name)
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

// notJSON returns a syntax error with its line. start is the offset of the value that has it.
func notJSON(name string, raw []byte, start int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return exit.Usagef("%s:%d: is not JSON: it ends too early; a bracket or a quote is not closed", name, lineAt(raw, int64(len(raw))))
	}
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return exit.Usagef("%s: is not JSON: %w", name, err)
	}
	// The decoder counts from the beginning of the file.
	at := max(syntax.Offset-1, start)
	what := strings.TrimPrefix(syntax.Error(), "json: ")
	switch {
	case strings.Contains(what, "after object key:value pair"):
		return exit.Usagef("%s:%d: is not JSON: a comma or } is missing before this place", name, lineAt(raw, at))
	case strings.Contains(what, "after array element"):
		return exit.Usagef("%s:%d: is not JSON: a comma or ] is missing before this place", name, lineAt(raw, at))
	default:
		return exit.Usagef("%s:%d: is not JSON: %s", name, lineAt(raw, at), what)
	}
}

// lineAt returns the line number of an offset.
func lineAt(raw []byte, offset int64) int {
	return 1 + bytes.Count(raw[:min(max(offset, 0), int64(len(raw)))], []byte("\n"))
}

// misshapen describes the member of an entry that has the wrong type, in words of JSON.
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
