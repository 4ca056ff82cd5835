package oauth

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// What may be registered can be sent to: it parses, and leads nowhere but where it says.
func FuzzCheckRedirectURI(f *testing.F) {
	for _, seed := range []string{
		"https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]:80/cb", "com.example.app:/cb", "javascript:alert(1)", "https://a@b/", "https://*/",
		"https:/x", "https:///x", "http://127.0.0.1.evil/", "HTTPS://x/", "https://x/\r\n", "data:text/html,x", "https://x/#", "a.b:c", "https://x/%zz",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if CheckRedirectURI(uri) != nil {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(uri, "#*\\ \r\n\x00") || len(uri) > MaxRedirectURIBytes {
			t.Fatalf("%q may be registered", uri)
		}
		web, local := u.Scheme == "https" && u.Hostname() != "", u.Scheme == "http" && IsLocalHost(u.Hostname())
		if !web && !local && CheckPrivateScheme(u.Scheme) != nil {
			t.Errorf("%q may be registered", uri)
		}
		for _, kind := range []ApplicationType{AppWeb, AppNative} {
			if c := (Client{Type: kind, RedirectURIs: []string{uri}}); !c.Owns(uri) || c.Owns(uri+"x") && !c.ownsLoopback(uri+"x") {
				t.Errorf("%q does not match itself alone", uri)
			}
		}
	})
}

// Nothing but the preimage proves a challenge.
func FuzzProves(f *testing.F) {
	good := strings.Repeat("v", 43)
	for _, seed := range [][2]string{{"", ""}, {good, ChallengeOf(good)}, {good, ""}, {"", ChallengeOf(good)}, {"short", ChallengeOf("short")}, {good + "\n", ChallengeOf(good)}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, verifier, challenge string) {
		want := ValidVerifier(verifier) && ChallengeOf(verifier) == challenge
		if CodeOf(time.Time{}, challenge, "").ProvenBy(verifier) != want {
			t.Errorf("%q proves %q: %v", verifier, challenge, !want)
		}
		if challenge != "" && CheckChallenge(challenge) && len(challenge) != 43 {
			t.Errorf("%q is taken for a challenge", challenge)
		}
	})
}

// A resource that is taken is an absolute URI without a fragment (RFC 8707 §2).
func FuzzCheckResource(f *testing.F) {
	for _, seed := range []string{"https://api.example/a", "api", "https://x/#f", "urn:x:y", "//host", "https://x/#", " https://x", "%zz:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if CheckResource(uri) != nil {
			return
		}
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || strings.Contains(uri, "#") {
			t.Errorf("%q is taken for a resource", uri)
		}
	})
}
