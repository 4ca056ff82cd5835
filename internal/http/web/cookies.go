package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Cookies writes and reads the cookies of this server. Over TLS their names begin with __Host-: browsers accept such a
// cookie only from this very host, so another host of the same domain cannot set it.
type Cookies struct {
	Secure bool // false only for --dev over plain HTTP
	// Suffix ends every name. Cookies are not separated by port nor, with __Host-, by path. Without a suffix two
	// issuers on one host would overwrite each other's cookies.
	Suffix string
}

// CookiesOf returns the cookies of an issuer. An issuer without a port and a path has no suffix.
func CookiesOf(issuer string) Cookies {
	c := Cookies{Secure: strings.HasPrefix(issuer, "https:")}
	u, err := url.Parse(issuer)
	if err == nil && (u.Port() != "" || u.Path != "") {
		const length = 8
		c.Suffix = "_" + oauth.DigestOf("cookies of " + issuer).Key()[:length]
	}
	return c
}

// The cookies. Both hold random values.
const (
	SessionCookie = "oauth2d_session" // the session of a person who is signed in
	BrowserCookie = "oauth2d_browser" // the browser that pending requests and forms are bound to; see Browser
)

// Set sets a cookie for this host; a life of zero lasts as long as the browser runs.
func (c Cookies) Set(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, c.cookie(c.name(name), value, int(life/time.Second)))
}

// Clear removes a cookie.
func (c Cookies) Clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, c.cookie(c.name(name), "", -1))
}

// Get reads a cookie. It returns "" when there is none, or more than one: then another party set one of them.
func (c Cookies) Get(r *http.Request, name string) string {
	found := r.CookiesNamed(c.name(name))
	if len(found) != 1 || len(found[0].Value) > maxCookie {
		return ""
	}
	return found[0].Value
}

// Sent reports whether the browser sent a cookie of this name, even one that Get does not accept.
func (c Cookies) Sent(r *http.Request, name string) bool {
	return len(r.CookiesNamed(c.name(name))) > 0
}

const maxCookie = 256

func (c Cookies) name(name string) string {
	name += c.Suffix
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

func (c Cookies) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure is off for --dev over plain HTTP only
		Name:     name,
		Value:    value,
		Path:     "/", // __Host- allows no other (RFC 6265bis §4.1.3.2)
		MaxAge:   maxAge,
		Secure:   c.Secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // Strict would lose it on the way back from the client
	}
}

const (
	browserBytes = 16
	browserName  = 8 // characters of a value that are part of its cookie's name
	// maxBrowserCookies bounds the header. A browser gets more than one cookie only when several tabs
	// made their first request at the same time.
	maxBrowserCookies = 32
)

// Browser returns the values that identify this browser, at least one. A browser that sent none gets a new value, in a
// cookie that is kept until the browser is closed.
//
// Every value has its own cookie name. With one name for all, the first requests of several tabs would overwrite each
// other's value, and the pages of the earlier tabs would stop working.
func (c Cookies) Browser(w http.ResponseWriter, r *http.Request) oauth.Browser {
	known, surplus := c.browserCookies(r)
	already := response(w.Header()).Cookies() //nolint:bodyclose // no response of a server; a page asks several times
	for _, name := range surplus {
		if !slices.ContainsFunc(already, func(set *http.Cookie) bool { return set.Name == name }) {
			http.SetCookie(w, c.cookie(name, "", -1))
		}
	}
	if len(known) > 0 {
		return known
	}
	if earlier := c.browserSetIn(w.Header()); earlier != "" {
		return oauth.Browser{earlier}
	}
	value := secret.NewToken(browserBytes)
	http.SetCookie(w, c.cookie(c.name(BrowserCookie)+"."+value[:browserName], value, 0))
	return oauth.Browser{oauth.Token(value)}
}

// BrowserOf returns the values that identify the browser of a request; none when it sent none.
func (c Cookies) BrowserOf(r *http.Request) oauth.Browser {
	known, _ := c.browserCookies(r)
	return known
}

// browserCookies reads the cookies of Browser, and returns the names of those beyond the limit. A name that occurs
// twice counts as absent: another party set one of the two.
func (c Cookies) browserCookies(r *http.Request) (known oauth.Browser, surplus []string) {
	for _, found := range r.Cookies() {
		if !c.isBrowser(found.Name) || len(r.CookiesNamed(found.Name)) != 1 || len(found.Value) > maxCookie || found.Value == "" {
			continue
		}
		if len(known) == maxBrowserCookies {
			surplus = append(surplus, found.Name)
			continue
		}
		known = append(known, oauth.Token(found.Value))
	}
	return known, surplus
}

// browserSetIn finds the value that an earlier call set in the same answer.
func (c Cookies) browserSetIn(h http.Header) oauth.Token {
	for _, set := range response(h).Cookies() { //nolint:bodyclose // no response of a server
		if c.isBrowser(set.Name) && set.MaxAge >= 0 {
			return oauth.Token(set.Value)
		}
	}
	return ""
}

// response is needed for its method that reads Set-Cookie.
func response(h http.Header) *http.Response { return &http.Response{Header: h} }

// isBrowser reports whether a cookie is one of Browser. Earlier releases used the plain name.
func (c Cookies) isBrowser(name string) bool {
	rest, ok := strings.CutPrefix(name, c.name(BrowserCookie))
	return ok && (rest == "" || rest[0] == '.')
}
