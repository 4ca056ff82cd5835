package endpoint

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func post(target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	return r
}

// code returns the code of an error, or "".
func code(err error) oauth.Code {
	if err == nil {
		return ""
	}
	return oauth.AsError(err).Code
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, target, contentType, body string
		want                            oauth.Code
	}{
		{"a form", "/token", formType, "grant_type=a", ""},
		{"with a charset", "/token", formType + "; charset=UTF-8", "grant_type=a", ""},
		{"T03 a secret in the query", "/token?client_secret=x", formType, "grant_type=a", oauth.InvalidRequest},
		{"T03 also an empty one", "/token?client_secret", formType, "grant_type=a", oauth.InvalidRequest},
		{"T03 an assertion in the query", "/token?client_assertion=x", formType, "grant_type=a", oauth.InvalidRequest},
		{"T13 a parameter twice", "/token", formType, "grant_type=a&grant_type=a", oauth.InvalidRequest},
		{"JSON", "/token", "application/json", `{"grant_type":"a"}`, oauth.InvalidRequest},
		{"multipart", "/token", "multipart/form-data; boundary=x", "--x--", oauth.InvalidRequest},
		{"no Content-Type", "/token", "", "grant_type=a", oauth.InvalidRequest},
		{"a broken escape", "/token", formType, "grant_type=%zz", oauth.InvalidRequest},
		{"a value of 10 KB", "/token", formType, "grant_type=a&x=" + strings.Repeat("x", 10<<10), oauth.InvalidRequest},
		{"65 parameters", "/token", formType, manyParams(65), oauth.InvalidRequest},
	} {
		r := post(c.target, c.body)
		r.Header.Set("Content-Type", c.contentType)
		p, err := readForm(r)
		if code(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && p.Get("grant_type") != "a" {
			t.Errorf("%s: %v", c.name, p)
		}
	}
}

func manyParams(n int) string {
	form := url.Values{}
	for i := range n {
		form.Set(strings.Repeat("p", i+1), "v")
	}
	return form.Encode()
}

func TestTheQueryOfAPostIsIgnored(t *testing.T) {
	t.Parallel()
	p, err := readForm(post("/token?grant_type=query&scope=query&code=%zz", "grant_type=body"))
	if err != nil || p.Get("grant_type") != "body" || p.Has("scope") || p.Has("code") {
		t.Errorf("%v %v", p, err)
	}
}

func TestT19_MethodOverridesAreParametersLikeAnyOther(t *testing.T) {
	t.Parallel()
	r := post("/token?_method=DELETE", "_method=DELETE&grant_type=a")
	if _, err := readForm(r); err != nil || r.Method != http.MethodPost {
		t.Errorf("%s %v", r.Method, err)
	}
}

func TestH01_AFormThatIsTooLong(t *testing.T) {
	t.Parallel()
	r := post("/token", strings.Repeat("a", web.MaxBody+1))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, web.MaxBody)
	if _, err := readForm(r); code(err) != oauth.RequestEntityTooLarge {
		t.Errorf("%v", err)
	}
}

func TestReadingKeepsWhatItCould(t *testing.T) {
	t.Parallel()
	p, err := readQuery(httptest.NewRequest(http.MethodGet, "/authorize?client_id=c&redirect_uri=u&state=%zz", http.NoBody))
	if code(err) != oauth.InvalidRequest || p.Get("client_id") != "c" || p.Get("redirect_uri") != "u" {
		t.Errorf("%v %v", p, err)
	}
}

func FuzzParams(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&a=c", "client_id=x&state=%00", "resource=a&resource=b", "a;b", "%zz", "=&=&==", "a=\xff", strings.Repeat("a&", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p, err := readForm(post("/token", body))
		again, againErr := parse(p.Encode())
		if err == nil && (againErr != nil || again.Encode() != p.Encode()) {
			t.Errorf("%q is read as %q, and that as %q (%v)", body, p.Encode(), again.Encode(), againErr)
		}
		if err != nil && code(err) != oauth.InvalidRequest {
			t.Errorf("%q: %v", body, err)
		}
		if err == nil && len(p.All("grant_type")) > 1 {
			t.Errorf("%q: two grant types", body)
		}
	})
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestT01_TwoAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"Basic twice":      {basic("a", "b"), basic("c", "d")},
		"Basic and Bearer": {basic("a", "b"), "Bearer x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := post("/token", "client_id=a")
			r.Header["Authorization"] = headers
			if _, err := authenticate(r, oauth.Params{}, nil); code(err) != oauth.InvalidRequest {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
