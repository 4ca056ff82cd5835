package logbuffer

import "encoding/json"

// AppendString appends a JSON string, as encoding/json writes it but for <, > and &, and without an allocation for plain
// text.
func AppendString(line []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) // a string can always be encoded
			return append(line, quoted...)
		}
	}
	return append(append(append(line, '"'), text...), '"')
}
