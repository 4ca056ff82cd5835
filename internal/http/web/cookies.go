package web

import (
	"net/http"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Cookies writes and reads our cookies. Over TLS their names begin with __Host-, which browsers
// honour: nobody but this very host can set them, so a neighbour cannot plant one.
type Cookies struct {
	Secure bool // false only for --dev over plain HTTP
}

// The cookies. Both hold random values that mean something only to the server.
const (
	SessionCookie = "oauth2d_session" // the session of a person who is signed in
	BrowserCookie = "oauth2d_browser" // to which pending requests and forms are bound
)

// Set sets a cookie for this host; a life of zero lasts as long as the browser runs.
func (c Cookies) Set(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, c.cookie(name, value, int(life/time.Second)))
}

// Clear removes a cookie.
func (c Cookies) Clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, c.cookie(name, "", -1))
}

// Get reads a cookie; "" when there is none, or more than one: then somebody else set one.
func (c Cookies) Get(r *http.Request, name string) string {
	found := r.CookiesNamed(c.name(name))
	if len(found) != 1 || len(found[0].Value) > maxCookie {
		return ""
	}
	return found[0].Value
}

// Sent reports whether the browser sent a cookie of this name, one that Get accepts or not.
func (c Cookies) Sent(r *http.Request, name string) bool {
	return len(r.CookiesNamed(c.name(name))) > 0
}

const maxCookie = 256

func (c Cookies) name(name string) string {
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

func (c Cookies) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure is off for --dev over plain HTTP only
		Name:     c.name(name),
		Value:    value,
		Path:     "/", // __Host- allows no other (RFC 6265bis §4.1.3.2)
		MaxAge:   maxAge,
		Secure:   c.Secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // Strict would lose it on the way back from the client
	}
}

const browserBytes = 16

// Browser gives the value that pending requests and forms of this browser are bound to, and sets
// it when there is none. It is kept until the browser is closed.
func (c Cookies) Browser(w http.ResponseWriter, r *http.Request) oauth.Token {
	value := c.Get(r, BrowserCookie)
	if value == "" {
		value = secret.NewToken(browserBytes)
		c.Set(w, BrowserCookie, value, 0)
	}
	return oauth.Token(value)
}
