package config

import (
	"errors"
	"fmt"
	"strings"
)

const envNameSigns = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

// variable is one line of an env file.
type variable struct {
	name, value string
	line        int
}

// parseEnvFile reads NAME=value lines. A value is the text as it is written: 'single quotes' keep everything, "double
// quotes" accept \n, \r, \t, \", \\ and \$, and without quotes a value ends at the end of the line or before " #". A $
// outside single quotes is refused: some readers of such files replace it and some do not, so its meaning is not
// certain. The error names the line and shows nothing of the value.
func parseEnvFile(file []byte) ([]variable, error) {
	text := strings.ReplaceAll(strings.TrimPrefix(string(file), "\ufeff"), "\r\n", "\n")
	var all []variable
	for line := 1; text != ""; line++ {
		current, rest, _ := strings.Cut(text, "\n")
		if trimmed := strings.TrimSpace(current); trimmed == "" || trimmed[0] == '#' {
			text = rest
			continue
		}
		name, raw, ok := strings.Cut(current, "=")
		name = strings.TrimSpace(name)
		if exported, after := strings.CutPrefix(name, "export "); after {
			name = strings.TrimSpace(exported)
		}
		if !ok || name == "" || strings.Trim(name, envNameSigns) != "" {
			return nil, fmt.Errorf("line %d is not NAME=value", line)
		}
		v := variable{name: strings.ToUpper(name), line: line}
		begin := len(current) - len(strings.TrimLeft(raw, " \t"))
		value, after, err := envValue(text[begin:])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		v.value = value
		all = append(all, v)
		line += strings.Count(text[:len(text)-len(after)], "\n")
		left, next, _ := strings.Cut(after, "\n")
		if left = strings.TrimSpace(left); left != "" && left[0] != '#' {
			return nil, fmt.Errorf("line %d: text follows the closing quote", line)
		}
		text = next
	}
	return all, nil
}

// envValue reads a value and returns what follows it.
func envValue(text string) (value, after string, err error) {
	switch {
	case strings.HasPrefix(text, "'"):
		end := strings.IndexByte(text[1:], '\'')
		if end < 0 {
			return "", "", errors.New("a quote is not closed")
		}
		return text[1 : end+1], text[end+2:], nil
	case strings.HasPrefix(text, `"`):
		return doubleQuoted(text[1:])
	}
	line, _, _ := strings.Cut(text, "\n")
	value = line
	if comment := strings.Index(line, " #"); comment >= 0 {
		value = line[:comment]
	}
	if strings.HasPrefix(line, "#") {
		value = ""
	}
	if strings.Contains(value, "$") {
		return "", "", errDollar
	}
	return strings.TrimSpace(value), text[len(line):], nil
}

var errDollar = errors.New("the value contains a $, which this file does not replace: put the value into 'single quotes'")

func doubleQuoted(text string) (value, after string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], nil
		case c == '$':
			return "", "", errDollar
		case c == '\\' && i+1 < len(text):
			i++
			switch text[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("a quote is not closed")
}
