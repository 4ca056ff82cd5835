package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// collector records every secret that passes between clients and the daemon, in either direction.
type collector struct {
	next http.RoundTripper

	mu      sync.Mutex
	secrets map[string]string // the kind of secret, by the secret
}

// confidential are the parameters and fields whose values are secrets.
var confidential = []string{
	"code", "code_verifier", "token", "access_token", "refresh_token", "id_token", "client_secret", "password", "csrf", "interaction",
}

// shortest is the length from which a text cannot occur by chance.
const shortest = 8

// note records a secret.
func (c *collector) note(what, secret string) {
	if len(secret) < shortest {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[secret] = what
}

func (c *collector) notes(form url.Values) {
	for _, name := range confidential {
		for _, value := range form[name] {
			c.note(name, value)
		}
	}
}

// RoundTrip implements http.RoundTripper.
func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	c.notes(r.URL.Query())
	if id, secret, ok := r.BasicAuth(); ok && id != "" {
		plain, _ := url.QueryUnescape(secret)
		c.note("client secret", plain)
		c.note("Basic", strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.note("Bearer", token)
	}
	if r.Body != nil && r.Body != http.NoBody {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(raw))
		form, _ := url.ParseQuery(string(raw)) // a body that is not a form has no fields
		c.notes(form)
	}
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return response, c.read(response)
}

// read looks for secrets in an answer.
func (c *collector) read(r *http.Response) error {
	for _, cookie := range r.Cookies() {
		c.note("cookie", cookie.Value)
	}
	if to, err := url.Parse(r.Header.Get("Location")); err == nil {
		c.notes(to.Query())
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(raw))
	var fields map[string]any
	if json.Unmarshal(raw, &fields) == nil {
		form := url.Values{}
		for name, value := range fields {
			if text, ok := value.(string); ok {
				form.Set(name, text)
			}
		}
		c.notes(form)
		return nil
	}
	page, err := html.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil //nolint:nilerr // the answer is not a page
	}
	for node := range page.Descendants() {
		if node.Data != "input" {
			continue
		}
		named := map[string]string{}
		for _, a := range node.Attr {
			named[a.Key] = a.Val
		}
		c.notes(url.Values{named["name"]: {named["value"]}})
	}
	return nil
}

// needles are the forms in which a secret could occur in an output.
func needles(secret string) [][]byte {
	all := [][]byte{[]byte(secret), []byte(url.QueryEscape(secret)), []byte(url.PathEscape(secret))}
	all = append(all, []byte(html.EscapeString(secret)), []byte(base64.StdEncoding.EncodeToString([]byte(secret))))
	if parts := strings.Split(secret, "."); len(parts) == 3 && len(parts[2]) > 40 {
		all = append(all, []byte(parts[2])) // the signature of a JWT: the rest is easy to guess
	}
	for _, encoding := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} {
		if raw, err := encoding.DecodeString(secret); err == nil && len(raw) >= 16 {
			all = append(all, raw)
		}
	}
	return all
}

// found returns the secrets that occur in a text.
func (c *collector) found(in []byte) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for secret, what := range c.secrets {
		for _, needle := range needles(secret) {
			if at := bytes.Index(in, needle); at >= 0 {
				all = append(all, what+": ..."+string(in[max(0, at-120):min(len(in), at+len(needle)+20)])+"...")
				break
			}
		}
	}
	return all
}
