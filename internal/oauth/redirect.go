package oauth

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Limits on the redirect URIs of a client.
const (
	MaxRedirectURIs     = 50
	MaxRedirectURIBytes = 2000
)

// Owns reports whether uri is one of the client's redirect URIs.
//
// Compared as strings on purpose: RFC 9700 §4.1.3 wants exact matching, and every normalisation
// (case, trailing slash, default port) has been an open redirect once. The one exception is the
// port of a loopback address of a native application (RFC 8252 §7.3).
func (c Client) Owns(uri string) bool {
	return slices.Contains(c.RedirectURIs, uri) || c.ownsLoopback(uri)
}

func (c Client) ownsLoopback(uri string) bool {
	if c.Type != AppNative {
		return false
	}
	bare, ok := withoutLoopbackPort(uri)
	if !ok {
		return false
	}
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		own, loopback := withoutLoopbackPort(registered)
		return loopback && own == bare
	})
}

// withoutLoopbackPort cuts the port out of http://127.0.0.1:port/… or http://[::1]:port/…, byte by
// byte: what follows the authority stays exactly as it was sent.
func withoutLoopbackPort(uri string) (string, bool) {
	const scheme = "http://"
	rest, ok := strings.CutPrefix(uri, scheme)
	if !ok {
		return "", false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		port, found := strings.CutPrefix(authority, host)
		if !found {
			continue
		}
		if port == "" || validPort(port) {
			return scheme + host + tail, true
		}
	}
	return "", false
}

func validPort(text string) bool {
	addr, err := netip.ParseAddrPort("127.0.0.1" + text)
	return err == nil && addr.Port() != 0 && text[1] != '0'
}

// CheckRedirectURI reports why a URI cannot be registered: it must be absolute, without fragment and user
// information; https, or http on this device, or of a private-use scheme. A scheme without a dot needs the
// operator's allowance besides: see PlainScheme. Wildcards are not URIs.
func CheckRedirectURI(uri string) error {
	refuse := func(why string) error { return Refuse(InvalidRedirectURI, why, nil) }
	if len(uri) > MaxRedirectURIBytes {
		return refuse("redirect_uri is longer than 2000 bytes")
	}
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() {
		return refuse("redirect_uri is not an absolute URI")
	}
	if strings.ContainsAny(uri, "#*\\ ") || hasControl(uri) {
		return refuse("redirect_uri holds a fragment, a wildcard or a character that is not allowed")
	}
	if u.User != nil {
		return refuse("redirect_uri holds user information")
	}
	switch u.Scheme {
	case "https":
		if u.Hostname() == "" {
			return refuse("redirect_uri has no host")
		}
	case "http":
		if !IsLocalHost(u.Hostname()) {
			return refuse("redirect_uri uses http on a host that is not loopback")
		}
	default:
		if err := CheckPrivateScheme(u.Scheme); err != nil {
			return refuse("redirect_uri needs https, or a private-use scheme in reverse-DNS form such as com.example.app")
		}
	}
	return nil
}

// PlainScheme returns the scheme of a redirect URI that is private-use but not in reverse-DNS form, such as
// vscode; "" for every other URI. Anybody can choose such a name, so it may be registered only where the
// operator allows it (RFC 8252 §7.1).
func PlainScheme(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "https" || u.Scheme == "http" || strings.Contains(u.Scheme, ".") {
		return ""
	}
	return u.Scheme
}

// CheckPrivateScheme reports why a scheme cannot be one by which an operating system opens an application:
// a browser, a mail program or a telephone answers it, or runs what follows as a script; or it is a host whose
// https:// was forgotten.
func CheckPrivateScheme(scheme string) error {
	taken := []string{
		"about", "blob", "cid", "content", "data", "file", "filesystem", "ftp", "geo", "http", "https", "intent", "jar", "javascript", "ldap", "localhost",
		"mailto", "mid", "resource", "sms", "ssh", "tel", "urn", "vbscript", "view-source", "ws", "wss",
	}
	well := scheme != "" && scheme[0] >= 'a' && scheme[0] <= 'z' && strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
	if !well || slices.Contains(taken, scheme) || strings.HasPrefix(scheme, "chrome") || strings.HasPrefix(scheme, "moz-") {
		return Refuse(InvalidRedirectURI, "the scheme is not a private-use one", nil)
	}
	return nil
}

// IsWebRedirect reports whether an answer to a redirect URI reaches a web site that TLS identifies. Anything
// else stays on the device, where any program may be the one that listens (RFC 8252 §8.6).
func IsWebRedirect(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "https" && !IsLocalHost(u.Hostname())
}

// IsLocalHost reports whether browsers look for a host on their own device: IsLoopbackHost, or any name below
// .localhost, which they never ask a name server for (RFC 6761 §6.3). Programs do, so a name below .localhost
// is good for a redirect URI and for nothing that a server resolves.
func IsLocalHost(host string) bool {
	below, ok := strings.CutSuffix(host, ".localhost")
	if !ok {
		return IsLoopbackHost(host)
	}
	return strings.Trim(below, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && !slices.Contains(strings.Split(below, "."), "")
}

// IsLoopbackHost reports whether a host of a URI is this machine: a loopback address or localhost.
func IsLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// CheckResource reports whether a resource indicator has an allowed form (RFC 8707 §2): an absolute
// URI without fragment.
func CheckResource(resource string) error {
	u, err := url.Parse(resource)
	if err != nil || !u.IsAbs() || strings.Contains(resource, "#") || len(resource) > MaxRedirectURIBytes {
		return Refuse(InvalidTarget, "resource is not an absolute URI without fragment", nil)
	}
	return nil
}
