package page

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// sheet is one page to be drawn.
type sheet struct {
	name    string // of the template
	status  int
	locales string   // ui_locales of the pending request
	forms   []string // where its forms may lead, beside our own origin
	script  string   // the static file it may run; empty for most
	data    any
}

// view is the input of a template. Data is the page's own.
type view struct {
	words
	look   *look
	Base   string
	Script string
	Data   any
}

func (v view) Brand() Brand  { return v.look.Brand }
func (v view) Style() string { return v.look.style }
func (v view) Logo() string  { return v.look.logo }

// draw answers with a page. It is made whole before the first byte is sent.
func (p *Pages) draw(w http.ResponseWriter, r *http.Request, s sheet) error {
	body, err := p.paint(r, s)
	if err != nil {
		return oauth.Refuse(oauth.ServerError, "the page could not be drawn", err)
	}
	web.Policy{
		Style:  true,
		Images: true,
		Script: s.script != "",
		Forms:  append([]string{"'self'"}, s.forms...),
	}.Set(w)
	web.HTML(w, s.status, body)
	return nil
}

func (p *Pages) paint(r *http.Request, s sheet) ([]byte, error) {
	look := p.look.Load()
	v := view{words: look.speak(s.locales, r.Header.Get("Accept-Language")), look: look, Base: p.o.Base, Data: s.data}
	if s.script != "" {
		v.Script = look.scripts[s.script]
	}
	var page bytes.Buffer
	err := p.templates[s.name].ExecuteTemplate(&page, "layout", v)
	return page.Bytes(), err
}

// targets lists, for form-action, where a form that leads to a client's redirect URI may end up.
// Chromium holds every redirect after a post against the list, also those that the client itself
// makes: a callback that goes on to its front end on another host must not leave the person on a
// dead page. So the list names the client's origin and allows what a client on it could go on to.
func targets(uri string) []string {
	u, err := url.Parse(uri)
	if err != nil {
		return nil
	}
	switch {
	case u.Scheme == "https":
		return []string{"https://" + u.Host, "https:"}
	case u.Scheme == "http" && u.Hostname() == "::1": // a source list has no form for IPv6
		return []string{"http:", "https:"}
	case u.Scheme == "http":
		return []string{"http://" + u.Host, "http://127.0.0.1:*", "http://localhost:*", "https:"}
	}
	return []string{u.Scheme + ":"}
}

// trusted marks an address that was registered and checked: html/template would refuse the scheme
// of a native app.
func trusted(uri string) template.URL { return template.URL(uri) } //nolint:gosec // see above
