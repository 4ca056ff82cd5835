package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// node is a JSON value with its members in the order in which they were written, duplicates included.
type node struct {
	kind    byte // { [ s n b 0
	text    string
	truth   bool
	members []member
	items   []node
}

type member struct {
	name  string
	value node
}

const maxDepth = 16

var errJSON = errors.New("not JSON")

func parse(raw []byte) (node, error) {
	if !utf8.Valid(raw) {
		return node{}, errJSON
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	root, err := parseValue(d, 0)
	if err != nil {
		return node{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, errJSON
	}
	return root, nil
}

func parseValue(d *json.Decoder, depth int) (node, error) {
	token, err := d.Token()
	if err != nil || depth > maxDepth {
		return node{}, errJSON
	}
	switch t := token.(type) {
	case string:
		return node{kind: 's', text: t}, nil
	case json.Number:
		return node{kind: 'n', text: t.String()}, nil
	case bool:
		return node{kind: 'b', truth: t}, nil
	case nil:
		return node{kind: '0'}, nil
	case json.Delim:
		return parseMany(d, byte(t), depth) //nolint:gosec // one of four ASCII characters
	}
	return node{}, errJSON
}

func parseMany(d *json.Decoder, open byte, depth int) (node, error) {
	n := node{kind: open}
	for d.More() {
		if open == '[' {
			item, err := parseValue(d, depth+1)
			if err != nil {
				return node{}, err
			}
			n.items = append(n.items, item)
			continue
		}
		name, err := parseValue(d, depth+1)
		if err != nil {
			return node{}, err
		}
		value, err := parseValue(d, depth+1)
		if err != nil {
			return node{}, err
		}
		n.members = append(n.members, member{name.text, value})
	}
	if _, err := d.Token(); err != nil {
		return node{}, errJSON
	}
	return n, nil
}
