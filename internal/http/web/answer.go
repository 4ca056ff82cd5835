package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// JSON answers 200 with v. It returns an error, and sends nothing, when v cannot be encoded.
func JSON(w http.ResponseWriter, v any) error {
	body, err := encode(v)
	if err != nil {
		return oauth.Refuse(oauth.ServerError, "the answer could not be written", err)
	}
	write(w, http.StatusOK, "application/json", body)
	return nil
}

// JSONStatus answers with v and a status. It is for the probes, where 503 comes with a body.
func JSONStatus(w http.ResponseWriter, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return oauth.Refuse(oauth.ServerError, "the answer could not be written", err)
	}
	write(w, status, "application/json", body)
	return nil
}

// HTML answers with a complete page. Render the template before: a template that fails half-way must not have sent a
// part.
func HTML(w http.ResponseWriter, status int, page []byte) {
	write(w, status, "text/html; charset=utf-8", page)
}

// Bytes answers 200 with a document.
func Bytes(w http.ResponseWriter, contentType string, body []byte) {
	write(w, http.StatusOK, contentType, body)
}

// Empty answers without a body.
func Empty(w http.ResponseWriter, status int) { write(w, status, "", nil) }

// maxLocation bounds a Location header. With the other headers of this server it stays below 4 KB, which nginx reserves
// for the headers of an answer by default (proxy_buffer_size): nginx would answer 502 for a longer one.
const maxLocation = 3 << 10

// SeeOther redirects. Always with 303, never 307: a browser must not post a password again (RFC 9700 §4.12). The body
// is empty, so that no part of the address can be read as HTML.
//
// An address can be too long for a header, because a client sent a state of some KB. It is then sent in a page that
// redirects by itself and also shows a link.
func SeeOther(w http.ResponseWriter, location string) {
	if len(location) > maxLocation {
		const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=%[1]s">` +
			`<title>One moment</title><p>If nothing happens, <a href="%[1]s">continue</a>.`
		HTML(w, http.StatusOK, fmt.Appendf(nil, page, html.EscapeString(location)))
		return
	}
	w.Header().Set("Location", location)
	write(w, http.StatusSeeOther, "", nil)
}

// Cacheable replaces the no-store that is set on every answer.
func Cacheable(w http.ResponseWriter, life time.Duration) {
	delete(w.Header(), "Pragma")
	SetHeader(w, "Cache-Control", "public, max-age="+strconv.Itoa(int(life/time.Second)))
}

func noStore(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache") // RFC 6749 §5.1
}

func writeJSON(w http.ResponseWriter, status int, v map[string]string) {
	body, _ := json.Marshal(v) // a map of strings can always be encoded
	write(w, status, "application/json", append(body, '\n'))
}

func encode(v any) ([]byte, error) {
	if own, ok := v.(json.Marshaler); ok { // the encoder would check and copy what it writes
		body, err := own.MarshalJSON()
		return append(body, '\n'), err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // safe because nosniff is set; URLs stay readable
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// write sends every answer.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	if contentType != "" {
		SetHeader(w, "Content-Type", contentType)
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		SetHeader(w, "Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the caller disconnected
}

// withQuery appends fields to a URI byte by byte: the registered part stays unchanged.
func withQuery(uri string, fields url.Values) string {
	join := "?"
	switch {
	case strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&"):
		join = ""
	case strings.Contains(uri, "?"):
		join = "&"
	}
	// Every reader decodes %20 as a space, but only form decoders do so with +.
	return uri + join + strings.ReplaceAll(fields.Encode(), "+", "%20")
}
