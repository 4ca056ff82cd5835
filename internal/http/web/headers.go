package web

import (
	"net/http"
	"strings"
)

// setSecurityHeaders sets the headers of every answer: its id, no-store, nosniff, no framing, no referrer, no scripts. A
// page that needs more sets a Policy. With https set, browsers must use TLS from then on (RFC 6797).
func (x *exchange) setSecurityHeaders(https bool) {
	h := x.Header()
	x.set(h, requestIDHeader, x.origin.RequestID)
	x.set(h, "Cache-Control", "no-store")
	x.set(h, "Pragma", "no-cache") // RFC 6749 §5.1
	x.set(h, "Content-Security-Policy", strictPolicy)
	x.set(h, "X-Frame-Options", "DENY")
	x.set(h, "X-Content-Type-Options", "nosniff")
	x.set(h, "Referrer-Policy", "no-referrer")
	x.set(h, "Cross-Origin-Resource-Policy", "same-origin")
	if https {
		x.set(h, "Strict-Transport-Security", "max-age=31536000")
	}
}

// strictPolicy is the text of the zero Policy.
const strictPolicy = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// Policy lists what a page may load and where its forms may go. Scripts and styles are always files of this server: a
// Policy cannot express unsafe-inline.
type Policy struct {
	Style  bool
	Images bool
	Script bool
	// Forms lists where forms may go, including the redirects that follow a post: browsers apply this list to them as
	// well. Values are "'self'", origins and schemes ("com.example:").
	Forms []string
}

// Set sets the policy on an answer.
func (p Policy) Set(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", p.String())
}

// String returns the value of Content-Security-Policy (CSP Level 3).
func (p Policy) String() string {
	parts := []string{"default-src 'none'"}
	for _, one := range []struct {
		on   bool
		text string
	}{{p.Style, "style-src 'self'"}, {p.Images, "img-src 'self'"}, {p.Script, "script-src 'self'"}} {
		if one.on {
			parts = append(parts, one.text)
		}
	}
	forms := "'none'"
	if sources := p.formSources(); len(sources) > 0 {
		forms = strings.Join(sources, " ")
	}
	parts = append(parts, "form-action "+forms, "base-uri 'none'", "frame-ancestors 'none'")
	return strings.Join(parts, "; ")
}

// formSources leaves out characters that would end the directive and begin another one.
func (p Policy) formSources() []string {
	var kept []string
	for _, source := range p.Forms {
		if source != "" && !strings.ContainsAny(source, "; ,\r\n\t") {
			kept = append(kept, source)
		}
	}
	return kept
}
