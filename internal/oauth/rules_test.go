package oauth_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func TestA28_ScopesAreBounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                 "",
		"read":             "read",
		"read write read":  "read write",
		"  read   write  ": "read write",
		"urn:x:y a.b/c":    "urn:x:y a.b/c",
	} {
		t.Run(text, func(t *testing.T) {
			got, err := oauth.ParseScopes(text)
			if err != nil || got.String() != want {
				t.Errorf("ParseScopes(%q) = %q, %v", text, got, err)
			}
		})
	}
	many := make([]string, 65)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	for _, text := range []string{
		"a\"b", "a\\b", "a\tb", "a\nb", "ü", "a\x00", "a\x7f", strings.Repeat("a ", 10_000), strings.Join(many[:65], " "), strings.Repeat("a", 2049),
	} {
		t.Run(fmt.Sprintf("%.20q of %d", text, len(text)), func(t *testing.T) {
			if _, err := oauth.ParseScopes(text); oauth.AsError(err).Code != oauth.InvalidScope {
				t.Errorf("ParseScopes(%.20q) = %v, want invalid_scope", text, err)
			}
		})
	}
}

func TestScopesNarrowAndNeverWiden(t *testing.T) {
	t.Parallel()
	granted := oauth.Scopes{"read", "write"}
	for asked, want := range map[string]string{"": "read write", "read": "read", "write read": "write read"} {
		got, err := oauth.NarrowScope(granted, asked)
		if err != nil || got.String() != want {
			t.Errorf("NarrowScope(%q) = %q, %v", asked, got, err)
		}
	}
	if _, err := oauth.NarrowScope(granted, "read admin"); oauth.AsError(err).Code != oauth.InvalidScope {
		t.Errorf("widening: %v", err)
	}
}

func TestR10_T20_ResourcesMustBeKnownAndGranted(t *testing.T) {
	t.Parallel()
	known := oauth.Resources{{URI: "https://api/a"}, {URI: "https://api/b", Format: oauth.FormatJWT}}
	free, bound := oauth.Client{}, oauth.Client{Resources: []string{"https://api/a"}}
	if got, err := known.Resolve(free, []string{"https://api/a", "https://api/a"}); err != nil || len(got) != 1 {
		t.Errorf("Resolve = %v, %v", got, err)
	}
	for name, asked := range map[string][]string{
		"relative": {"api"}, "fragment": {"https://api/a#x"}, "unknown": {"https://api/c"}, "many": make([]string, 200),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := known.Resolve(free, asked); oauth.AsError(err).Code != oauth.InvalidTarget {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	if _, err := known.Resolve(bound, []string{"https://api/b"}); oauth.AsError(err).Code != oauth.InvalidTarget {
		t.Errorf("a resource that is not open to the client: %v", err)
	}
	if _, err := oauth.NarrowAudience([]string{"https://api/a"}, []string{"https://api/b"}); oauth.AsError(err).Code != oauth.InvalidTarget {
		t.Errorf("a resource outside the grant: %v", err)
	}
	if known.Format(free, []string{"https://api/b"}) != oauth.FormatJWT || known.Format(free, nil) != oauth.FormatOpaque {
		t.Error("the format does not follow the resource")
	}
}

func TestPKCE(t *testing.T) {
	t.Parallel()
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if oauth.ChallengeOf(verifier) != challenge || !oauth.CheckChallenge(challenge) {
		t.Fatal("the example of RFC 7636 does not hold")
	}
	for name, c := range map[string]struct {
		verifier, challenge string
		want                bool
	}{
		"right":             {verifier, challenge, true},
		"wrong":             {verifier[1:] + "x", challenge, false},
		"missing verifier":  {"", challenge, false},
		"missing challenge": {verifier, "", false}, // downgrade
		"neither":           {"", "", false},
		"too short":         {"abc", oauth.ChallengeOf("abc"), false},
		"too long":          {strings.Repeat("a", 129), oauth.ChallengeOf(strings.Repeat("a", 129)), false},
		"odd characters":    {strings.Repeat("+", 43), oauth.ChallengeOf(strings.Repeat("+", 43)), false},
	} {
		if oauth.CodeOf(time.Time{}, c.challenge, "").ProvenBy(c.verifier) != c.want {
			t.Errorf("%s: want %v", name, c.want)
		}
	}
	for _, bad := range []string{"", "abc", challenge + "=", challenge[1:], challenge + "a", strings.Repeat("!", 43)} {
		if oauth.CheckChallenge(bad) {
			t.Errorf("challenge %q is accepted", bad)
		}
	}
}

func TestA15_ParametersOccurOnce(t *testing.T) {
	t.Parallel()
	form := url.Values{"a": {"1"}, "twice": {"1", "2"}, "resource": {"x", "y"}, "empty": {""}, "half": {"", "v"}}
	p, err := oauth.ParseParams(form)
	if oauth.AsError(err).Code != oauth.InvalidRequest {
		t.Errorf("a repeated parameter: %v", err)
	}
	if p.Get("a") != "1" || p.Has("twice") || len(p.All("resource")) != 2 || p.Has("empty") || p.Get("half") != "v" {
		t.Errorf("read %+v", p)
	}
	if only := p.Only("resource", "missing"); only.Has("a") || len(only.All("resource")) != 2 {
		t.Errorf("Only kept %+v", only)
	}
}

func TestParametersAreBounded(t *testing.T) {
	t.Parallel()
	many := url.Values{}
	for i := range oauth.MaxParams + 1 {
		many[strings.Repeat("k", i+1)] = []string{"v"}
	}
	for name, form := range map[string]url.Values{
		"many": many, "long": {"x": {strings.Repeat("v", oauth.MaxParamBytes+1)}}, "NUL": {"x": {"a\x00"}}, "not UTF-8": {"x": {"\xff"}},
	} {
		if _, err := oauth.ParseParams(form); oauth.AsError(err).Code != oauth.InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := oauth.ParseParams(url.Values{"state": {"\xff\x00"}}); err != nil || p.Get("state") != "\xff\x00" {
		t.Errorf("a state is opaque to us: %v", err)
	}
}

func FuzzParseParams(f *testing.F) {
	f.Add("a=1&a=2&resource=x&resource=y&=&%zz")
	f.Fuzz(func(t *testing.T, query string) {
		form, _ := url.ParseQuery(query)
		p, err := oauth.ParseParams(form)
		again, errAgain := oauth.ParseParams(mustQuery(t, p.Encode()))
		if err == nil && (errAgain != nil || again.Encode() != p.Encode()) {
			t.Fatalf("%q does not survive a round trip", query)
		}
	})
}

func mustQuery(t *testing.T, q string) url.Values {
	t.Helper()
	form, err := url.ParseQuery(q)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func FuzzParseScopes(f *testing.F) {
	f.Add("openid read")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := oauth.ParseScopes(text)
		if err != nil {
			return
		}
		again, err := oauth.ParseScopes(s.String())
		if err != nil || again.String() != s.String() || len(s) > oauth.MaxScopeValues {
			t.Fatalf("%q reads as %q and then %q, %v", text, s, again, err)
		}
	})
}

func TestARefusalKeepsItsCauseInside(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.1: refused")
	e := oauth.Unavailable(cause)
	if !errors.Is(e, cause) || contains(e.Description, "10.0.0.1") {
		t.Errorf("%+v", e)
	}
	sent := e.To(oauth.Return{URI: "https://app/cb"})
	if e.Return != nil || sent.Return == nil {
		t.Error("To must not change the refusal it is called on")
	}
	if oauth.AsError(cause).Code != oauth.ServerError {
		t.Error("what is no refusal is a server_error")
	}
}

func TestLifetimesFallBack(t *testing.T) {
	t.Parallel()
	got := oauth.Lifetimes{Access: time.Minute}.Or(oauth.Lifetimes{Access: time.Hour, Code: time.Second}).Or(oauth.DefaultLifetimes())
	if got.Access != time.Minute || got.Code != time.Second || got.RefreshIdle != 7*24*time.Hour {
		t.Errorf("%+v", got)
	}
}
