package scenario

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// verifier is the PKCE verifier of all requests (RFC 7636 §4.1).
const verifier = "a-verifier-that-is-long-enough-for-rfc-7636-to-like-it"

// browser sends what a person's browser sends, without one: it keeps cookies and follows redirects.
type browser struct {
	conn    *load.Conn
	host    string
	cookies map[string]string
	form    *regexp.Regexp
}

func newBrowser(c *load.Conn, host string) *browser {
	return &browser{conn: c, host: host, cookies: map[string]string{}, form: regexp.MustCompile(`name="(csrf|interaction)" value="([^"]*)"`)}
}

// visit loads a page, or sends a form if there is one.
func (b *browser) visit(path string, form url.Values) (load.Answer, error) {
	header := map[string]string{"Origin": subject.Issuer, "Sec-Fetch-Site": "same-origin"}
	var cookies []string
	for name, value := range b.cookies {
		cookies = append(cookies, name+"="+value)
	}
	if len(cookies) > 0 {
		header["Cookie"] = strings.Join(cookies, "; ")
	}
	r := load.Request{Method: http.MethodGet, Path: path, Host: b.host, Header: header}
	if form != nil {
		r.Method, r.Form = http.MethodPost, form.Encode()
	}
	a, err := b.conn.Do(r.Bytes())
	if err != nil {
		return a, err
	}
	set := http.Response{Header: a.Header}
	for _, cookie := range set.Cookies() {
		b.cookies[cookie.Name] = cookie.Value
	}
	return a, nil
}

// redirect returns where an answer leads, without the issuer.
func redirect(a load.Answer) (string, error) {
	if a.Status != http.StatusSeeOther {
		return "", unexpected(a)
	}
	return strings.TrimPrefix(a.Header.Get("Location"), subject.Issuer), nil
}

// authorize requests a code in a session that exists.
func (b *browser) authorize(client string) (string, error) {
	a, err := b.visit(authorizePath(client), nil)
	if err != nil {
		return "", err
	}
	to, err := redirect(a)
	if err != nil {
		return "", err
	}
	return codeOf(to)
}

func authorizePath(client string) string {
	sum := sha256.Sum256([]byte(verifier))
	return "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {subject.Redirect}, "scope": {"openid read"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

func codeOf(location string) (string, error) {
	to, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	code := to.Query().Get("code")
	if !strings.HasPrefix(location, subject.Redirect) || code == "" || to.Query().Get("state") != "s" {
		return "", fmt.Errorf("an authorization request led to %s", location)
	}
	return code, nil
}

// signIn walks from the authorization request of a client over the sign-in page to a code.
func (b *browser) signIn(client, user string) (string, error) {
	a, err := b.visit(authorizePath(client), nil)
	if err != nil {
		return "", err
	}
	page, err := redirect(a)
	if err != nil {
		return "", err
	}
	if a, err = b.visit(page, nil); err != nil {
		return "", err
	}
	form := url.Values{"username": {user}, "password": {subject.Password}}
	for _, field := range b.form.FindAllSubmatch(a.Body, -1) {
		form.Set(string(field[1]), html.UnescapeString(string(field[2])))
	}
	if a, err = b.visit(page, form); err != nil {
		return "", err
	}
	for {
		to, err := redirect(a)
		if err != nil {
			return "", err
		}
		if !strings.HasPrefix(to, "/authorize") {
			return codeOf(to)
		}
		if a, err = b.visit(to, nil); err != nil {
			return "", err
		}
	}
}

// redemption builds the token request for a code.
func (p party) redemption(code string) []byte {
	return p.post("/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {subject.Redirect}, "code_verifier": {verifier},
	})
}
