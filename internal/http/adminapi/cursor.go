package adminapi

import (
	"encoding/base64"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// A cursor is a position in a list and a mark of its query: with another query it would skip items. It is not secret:
// a forged cursor only starts elsewhere.
const markBytes = 6

// mark identifies a query; the order of its parts matters.
func mark(parts ...string) string {
	d := oauth.DigestOf("cursor\x00" + strings.Join(parts, "\x00"))
	return string(d[:markBytes])
}

// next returns the cursor of a position; "" at the end.
func next(place string, query ...string) string {
	if place == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(mark(query...) + place))
}

const maxCursor = 512

// place returns the position of a cursor; false when it is malformed or of another query.
func place(cursor string, query ...string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor || len(raw) <= markBytes || string(raw[:markBytes]) != mark(query...) {
		return "", false
	}
	return string(raw[markBytes:]), true
}

// place reads the cursor of a list's query.
func (c *call) place(query ...string) string {
	if !c.query.Has("cursor") {
		return ""
	}
	at, ok := place(c.query.Get("cursor"), query...)
	if !ok {
		c.fault("cursor", notOurs)
	}
	return at
}

const notOurs = "is not a cursor of this query"
