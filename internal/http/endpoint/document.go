package endpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// document is a public JSON text with its entity tag.
//
// http.ServeContent would serve ranges, too, and write its own plain-text errors past the one place that answers.
type document struct {
	body []byte
	tag  string
}

func newDocument(v any) (document, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // URLs stay readable
	if err := enc.Encode(v); err != nil {
		return document{}, oauth.Refuse(oauth.ServerError, "the document could not be written", err)
	}
	sum := sha256.Sum256(buf.Bytes())
	return document{body: buf.Bytes(), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}

func (d document) serve(w http.ResponseWriter, r *http.Request) {
	web.Cacheable(w, documentLife)
	web.SetHeader(w, "Etag", d.tag)
	if d.known(r.Header.Get("If-None-Match")) {
		web.Empty(w, http.StatusNotModified)
		return
	}
	web.Bytes(w, "application/json", d.body)
}

// known compares weakly (RFC 9110 §13.1.2).
func (d document) known(tags string) bool {
	for tag := range strings.SplitSeq(tags, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == d.tag {
			return true
		}
	}
	return false
}
