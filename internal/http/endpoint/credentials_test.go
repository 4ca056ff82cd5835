package endpoint

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// show reads the credentials of a request with some Authorization headers and a body.
func show(t *testing.T, body string, headers ...string) (clientauth.Presented, error) {
	t.Helper()
	r := post("/token", body)
	for _, header := range headers {
		r.Header.Add("Authorization", header)
	}
	p, err := readForm(r)
	if err != nil {
		t.Fatal(err)
	}
	return presented(r, p)
}

func TestPresented(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header, body string
		want               clientauth.Presented
	}{
		{"basic", basic("app-1", "s_3-cret"), "", clientauth.Presented{ID: "app-1", Secret: "s_3-cret", Method: oauth.AuthBasic}},
		{"basic, form-encoded", basic(url.QueryEscape("a:b c"), url.QueryEscape("p+q%&=ü")), "", clientauth.Presented{ID: "a:b c", Secret: "p+q%&=ü", Method: oauth.AuthBasic}},
		{"basic, not form-encoded", basic("app", "100%:zz"), "", clientauth.Presented{ID: "app", Secret: "100%:zz", Method: oauth.AuthBasic}},
		{"basic in lower case", "basic " + basic("a", "b")[6:], "", clientauth.Presented{ID: "a", Secret: "b", Method: oauth.AuthBasic}},
		{"basic without padding", strings.TrimRight(basic("app-1", "s"), "="), "", clientauth.Presented{ID: "app-1", Secret: "s", Method: oauth.AuthBasic}},
		{"basic with too little padding", strings.TrimSuffix(basic("app", "sec"), "="), "", clientauth.Presented{ID: "app", Secret: "sec", Method: oauth.AuthBasic}},
		{"basic with the same client_id", basic("a", "b"), "client_id=a", clientauth.Presented{ID: "a", Secret: "b", Method: oauth.AuthBasic}},
		{"basic of a public client", basic("spa", ""), "", clientauth.Presented{ID: "spa", Method: oauth.AuthNone}},
		{"post", "", "client_id=a&client_secret=b", clientauth.Presented{ID: "a", Secret: "b", Method: oauth.AuthPost}},
		{"public", "", "client_id=spa", clientauth.Presented{ID: "spa", Method: oauth.AuthNone}},
		{"an empty secret is none", "", "client_id=spa&client_secret=", clientauth.Presented{ID: "spa", Method: oauth.AuthNone}},
		{"a stale Bearer is ignored", "Bearer stale.token.here", "client_id=spa", clientauth.Presented{ID: "spa", Method: oauth.AuthNone}},
		{"nobody", "", "", clientauth.Presented{Method: oauth.AuthNone}},
		{"an assertion", "", "client_id=a&client_assertion=x", clientauth.Presented{ID: "a", Method: oauth.AuthNone, Assertion: true}},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{c.header}
		}
		if got, err := show(t, c.body, headers...); err != nil || got != c.want {
			t.Errorf("%s: %s %q %q %v (%v)", c.name, got.ID, got.Secret.Reveal(), got.Method, got.Assertion, err)
		}
	}
}

func TestT01_TwoMethodsAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body    string
		headers []string
	}{
		"Basic and client_secret":           {"client_id=a&client_secret=b", []string{basic("a", "b")}},
		"Basic and client_assertion":        {"client_assertion=x", []string{basic("a", "b")}},
		"Basic and another client_id":       {"client_id=c", []string{basic("a", "b")}},
		"client_secret and assertion":       {"client_id=a&client_secret=b&client_assertion=x", nil},
		"two Authorization headers":         {"", []string{basic("a", "b"), basic("c", "d")}},
		"Basic and Bearer in two headers":   {"client_id=a", []string{basic("a", "b"), "Bearer x"}},
		"an empty Basic secret and another": {"client_secret=b", []string{basic("a", "")}},
	} {
		if _, err := show(t, c.body, c.headers...); code(err) != oauth.InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedBasicIsInvalidClient(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	for _, header := range []string{
		"Basic", "Basic !!!", "Basic " + encode([]byte("no colon")), "Basic " + encode([]byte(":no id")),
		"Basic " + encode([]byte("a\x00:b")), "Basic " + encode([]byte("a:b\r\n")), "Basic " + encode([]byte("a:%0d")),
		"Digest username=a", "Negotiate x", basic("a", strings.Repeat("b", 5000)),
	} {
		if _, err := show(t, "", header); code(err) != oauth.InvalidClient {
			t.Errorf("%.60q: %v", header, err)
		}
	}
}

func TestW15_RefusalsDoNotQuoteTheCredentials(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Basic s3cr3t!", basic("s3cr3t", "s3cr3t\x01"), "Digest s3cr3t"} {
		_, err := show(t, "", header)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%v", err)
		}
	}
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"", "Basic", basic("a", "b"), basic("a%3Ab", "c+d"), "Basic ====", "Bearer x", "basic  " + basic("a", "b")[6:], basic("", ""), basic("a", "%")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := post("/token", "")
		r.Header["Authorization"] = []string{header}
		shown, err := presented(r, oauth.Params{})
		if err != nil {
			if code(err) != oauth.InvalidClient {
				t.Errorf("%q: %v", header, err)
			}
			return
		}
		if shown.Method == oauth.AuthPost || (shown.Method == oauth.AuthNone) != (shown.Secret == "") {
			t.Errorf("%q: %v with a secret of %d", header, shown.Method, len(shown.Secret))
		}
		if strings.ContainsAny(shown.ID+shown.Secret.Reveal(), "\x00\r\n") {
			t.Errorf("%q: control characters came through", header)
		}
	})
}
