package main

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
)

// caller speaks HTTP to the daemons of a lab, as clients and browsers do behind the operator's TLS.
type caller struct {
	lab  *lab
	rec  *history.Record
	http *http.Client
}

func newCaller(l *lab, rec *history.Record) *caller {
	return &caller{lab: l, rec: rec, http: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute},
		Timeout:       15 * time.Second, // longer than the daemons take for any request
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *caller) close() { c.http.CloseIdleConnections() }

// answer is the response of a daemon. Silent: none came, because the daemon or its link is gone.
type answer struct {
	status int
	header http.Header
	body   []byte
	fields map[string]any
	silent bool
}

func (a answer) text(name string) string {
	text, _ := a.fields[name].(string)
	return text
}

// unavailable reports whether the outcome is unknown.
func (a answer) unavailable() bool { return a.silent || a.status == http.StatusServiceUnavailable }

// account is a client and its secret.
type account struct{ id, secret string }

// send sends a request, and looks at what every answer must have.
func (c *caller) send(request *http.Request) answer {
	request.Host = strings.TrimPrefix(issuer, "https://")
	response, err := c.http.Do(request)
	if err != nil {
		return answer{silent: true}
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	a := answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return answer{silent: true}
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(a.body, &a.fields); err != nil {
			c.rec.Strange("%s: an answer that is not JSON: %q", request.URL.Path, a.body)
		}
	}
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
		c.rec.Strange("%s: 503 without Retry-After", request.URL.Path)
	}
	return a
}

// post sends a form as a client.
func (c *caller) post(host, path string, who account, form url.Values) answer {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.lab.base(host)+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{silent: true}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(who.id), url.QueryEscape(who.secret))
	return c.send(request)
}

// read puts an answer into the words of the history: 200 is done, the expected refusal is refused,
// and what is neither nor a 503 is strange.
func (c *caller) read(what string, a answer, refusal string) history.Outcome {
	switch {
	case a.unavailable():
		return history.Unknown
	case a.status == http.StatusOK:
		return history.Done
	case refusal != "" && a.text("error") == refusal:
		return history.Refused
	}
	c.rec.Strange("%s was answered %d %.200s", what, a.status, a.body)
	return history.Unknown
}

// active asks whether a token is.
func (c *caller) active(host string, who account, token string) history.Outcome {
	a := c.post(host, "/introspect", who, url.Values{"token": {token}})
	o := c.read("introspection", a, "")
	if o == history.Done && a.fields["active"] != true {
		return history.Refused
	}
	return o
}

// browser is a person's: its cookies, as a browser that came over TLS has them.
type browser struct {
	*caller
	cookies map[string]string
	leaving string // the token of the sign-out form
}

func (c *caller) browser() *browser { return &browser{caller: c, cookies: map[string]string{}} }

const sessionCookie = "__Host-oauth2d_session"

func (b *browser) visit(host, path string, form url.Values) answer {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(context.Background(), method, b.lab.base(host)+path, body)
	if err != nil {
		return answer{silent: true}
	}
	request.Header.Set("Origin", issuer)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value}) //nolint:gosec // G124: a request's cookie
	}
	a := b.send(request)
	set := http.Response{Header: a.header}
	for _, cookie := range set.Cookies() {
		b.cookies[cookie.Name] = cookie.Value
	}
	return a
}

// away reads where a redirect leads; nil when the answer is none.
func (a answer) away() *url.URL {
	if a.silent || a.status != http.StatusSeeOther {
		return nil
	}
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return nil
	}
	return to
}

// csrf finds the token of a page's form. It is compiled here because it is asked for seldom.
func csrf(page []byte) (string, error) {
	found := regexp.MustCompile(`name="csrf" value="([^"]*)"`).FindSubmatch(page)
	if found == nil {
		return "", errors.New("the page has no form")
	}
	return html.UnescapeString(string(found[1])), nil
}

// signIn types a name and a password into the form.
func (b *browser) signIn(host, name, password string) history.Outcome {
	page := b.visit(host, "/login", nil)
	if page.unavailable() {
		return history.Unknown
	}
	token, err := csrf(page.body)
	if err != nil {
		b.rec.Strange("the sign-in page was answered %d", page.status)
		return history.Unknown
	}
	a := b.visit(host, "/login", url.Values{"csrf": {token}, "username": {name}, "password": {password}})
	switch {
	case a.unavailable():
		return history.Unknown
	case a.away() != nil && b.cookies[sessionCookie] != "":
		return history.Done
	case a.status == http.StatusUnauthorized:
		return history.Refused
	}
	b.rec.Strange("signing in was answered %d", a.status)
	return history.Unknown
}

// signOut ends the session. It can be repeated: the form is loaded once.
func (b *browser) signOut(host string) history.Outcome {
	kept := b.cookies[sessionCookie]
	defer func() { b.cookies[sessionCookie] = kept }() // to look whether it is good for anything
	if b.leaving == "" {
		page := b.visit(host, "/logout", nil)
		token, err := csrf(page.body)
		if page.unavailable() || err != nil {
			return history.Unknown
		}
		b.leaving = token
	}
	a := b.visit(host, "/logout", url.Values{"csrf": {b.leaving}})
	if a.away() != nil {
		return history.Done
	}
	if !a.unavailable() {
		b.rec.Strange("signing out was answered %d", a.status)
	}
	return history.Unknown
}

// signedIn asks whether the session is alive.
func (b *browser) signedIn(host string) history.Outcome {
	a := b.visit(host, "/account", nil)
	switch {
	case a.unavailable():
		return history.Unknown
	case a.status == http.StatusOK:
		return history.Done
	case a.away() != nil:
		return history.Refused
	}
	b.rec.Strange("the account page was answered %d", a.status)
	return history.Unknown
}
