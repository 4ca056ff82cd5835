package clientauth

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// show recognizes the credentials of a request with an Authorization header and a body.
func show(t *testing.T, body, header string) (Credentials, error) {
	t.Helper()
	form, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	p, err := oauth.ParseParams(form)
	if err != nil {
		t.Fatal(err)
	}
	return recognized(header, p)
}

func recognized(header string, p oauth.Params) (Credentials, error) {
	scheme, text, _ := strings.Cut(strings.TrimSpace(header), " ")
	return New(Options{Methods: methods(nil)}).recognize(Request{Scheme: scheme, Header: strings.TrimSpace(text), Params: p})
}

func code(err error) oauth.Code {
	if err == nil {
		return ""
	}
	return oauth.AsError(err).Code
}

func TestRecognize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header, body string
		want               Credentials
	}{
		{"basic", basic("app-1", "s_3-cret"), "", Credentials{ID: "app-1", Proof: "s_3-cret", Method: oauth.AuthBasic}},
		{"basic, form-encoded", basic(url.QueryEscape("a:b c"), url.QueryEscape("p+q%&=ü")), "", Credentials{ID: "a:b c", Proof: "p+q%&=ü", Method: oauth.AuthBasic}},
		{"basic, not form-encoded", basic("app", "100%:zz"), "", Credentials{ID: "app", Proof: "100%:zz", Method: oauth.AuthBasic}},
		{"basic in lower case", "basic " + basic("a", "b")[6:], "", Credentials{ID: "a", Proof: "b", Method: oauth.AuthBasic}},
		{"basic without padding", strings.TrimRight(basic("app-1", "s"), "="), "", Credentials{ID: "app-1", Proof: "s", Method: oauth.AuthBasic}},
		{"basic with too little padding", strings.TrimSuffix(basic("app", "sec"), "="), "", Credentials{ID: "app", Proof: "sec", Method: oauth.AuthBasic}},
		{"basic with the same client_id", basic("a", "b"), "client_id=a", Credentials{ID: "a", Proof: "b", Method: oauth.AuthBasic}},
		{"basic of a public client", basic("spa", ""), "", Credentials{ID: "spa", Method: oauth.AuthNone}},
		{"post", "", "client_id=a&client_secret=b", Credentials{ID: "a", Proof: "b", Method: oauth.AuthPost}},
		{"public", "", "client_id=spa", Credentials{ID: "spa", Method: oauth.AuthNone}},
		{"an empty secret is none", "", "client_id=spa&client_secret=", Credentials{ID: "spa", Method: oauth.AuthNone}},
		{"a stale Bearer is ignored", "Bearer stale.token.here", "client_id=spa", Credentials{ID: "spa", Method: oauth.AuthNone}},
		{"nobody", "", "", Credentials{Method: oauth.AuthNone}},
		{"an assertion", "", "client_id=a&client_assertion=x", Credentials{ID: "a", Method: oauth.AuthNone, Unserved: true}},
	} {
		if got, err := show(t, c.body, c.header); err != nil || got != c.want {
			t.Errorf("%s: %s %q %q %v (%v)", c.name, got.ID, got.Proof.Reveal(), got.Method, got.Unserved, err)
		}
	}
}

func TestT01_TwoMethodsAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body, header string
	}{
		"Basic and client_secret":           {"client_id=a&client_secret=b", basic("a", "b")},
		"Basic and client_assertion":        {"client_assertion=x", basic("a", "b")},
		"Basic and another client_id":       {"client_id=c", basic("a", "b")},
		"client_secret and assertion":       {"client_id=a&client_secret=b&client_assertion=x", ""},
		"an empty Basic secret and another": {"client_secret=b", basic("a", "")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := show(t, c.body, c.header); code(err) != oauth.InvalidRequest {
				t.Errorf("%s: %v", name, err)
			}
		})
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
		t.Run(header, func(t *testing.T) {
			_, err := show(t, "", header)
			if err == nil || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v", err)
			}
		})
	}
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"", "Basic", basic("a", "b"), basic("a%3Ab", "c+d"), "Basic ====", "Bearer x", "basic  " + basic("a", "b")[6:], basic("", ""), basic("a", "%")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		shown, err := recognized(header, oauth.Params{})
		if err != nil {
			if code(err) != oauth.InvalidClient {
				t.Errorf("%q: %v", header, err)
			}
			return
		}
		if shown.Method == oauth.AuthPost || (shown.Method == oauth.AuthNone) != (shown.Proof == "") {
			t.Errorf("%q: %v with a secret of %d", header, shown.Method, len(shown.Proof))
		}
		if strings.ContainsAny(shown.ID+shown.Proof.Reveal(), "\x00\r\n") {
			t.Errorf("%q: control characters came through", header)
		}
	})
}
