package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// newErrors returns an Errors whose pages are plain text, and its log.
func newErrors() (*web.Errors, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return &web.Errors{
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Page: func(w http.ResponseWriter, _ *http.Request, status int, e *oauth.Error, id string) {
			web.HTML(w, status, []byte("page "+string(e.Code)+" "+id))
		},
		FormPost: func(w http.ResponseWriter, _ *http.Request, uri string, fields url.Values) error {
			web.HTML(w, http.StatusOK, []byte("post "+uri+" "+fields.Encode()))
			return nil
		},
	}, log
}

func answer(style web.Style, r *http.Request, err error) *http.Response {
	w := httptest.NewRecorder()
	web.Handle(style, func(http.ResponseWriter, *http.Request) error { return err }).ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestAPIStatuses(t *testing.T) {
	t.Parallel()
	for code, want := range map[oauth.Code]int{
		oauth.InvalidRequest: 400, oauth.InvalidGrant: 400, oauth.UnauthorizedClient: 400,
		oauth.UnsupportedGrantType: 400, oauth.InvalidScope: 400, oauth.InvalidTarget: 400,
		oauth.AccessDenied: 400, oauth.InvalidClient: 401, oauth.InvalidToken: 401,
		oauth.InsufficientScope: 403, oauth.ForbiddenByOrigin: 403, oauth.NotFound: 404,
		oauth.MethodNotAllowed: 405, oauth.RequestEntityTooLarge: 413, oauth.SlowDown: 429,
		oauth.ServerError: 500, oauth.TemporarilyUnavailable: 503,
	} {
		t.Run(string(code), func(t *testing.T) {
			errs, _ := newErrors()
			res := answer(errs.API, httptest.NewRequest(http.MethodPost, "/token", http.NoBody), oauth.Refuse(code, "why", errors.New("the cause")))
			var body map[string]string
			if err := json.Unmarshal([]byte(text(t, res)), &body); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != want || body["error"] != string(code) || body["error_description"] != "why" || len(body) != 2 {
				t.Errorf("%s: %d %v, want %d", code, res.StatusCode, body, want)
			}
			if res.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: Content-Type %q", code, res.Header.Get("Content-Type"))
			}
		})
	}
}

func TestT21_NoErrorIsStored(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	for name, style := range map[string]web.Style{"API": errs.API, "bearer": errs.Bearer, "browser": errs.Browser, "either": errs.Either} {
		t.Run(name, func(t *testing.T) {
			h := answer(style, httptest.NewRequest(http.MethodPost, "/token", http.NoBody), oauth.Refuse(oauth.InvalidGrant, "", nil)).Header
			if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestChallengeFollowsWhatWasTried(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	for tried, want := range map[string]string{
		"":               "",
		"Basic YTpi":     `Basic realm="oauth2d", charset="UTF-8"`,
		"Digest x":       `Basic realm="oauth2d", charset="UTF-8"`,
		"bearer abcdefg": `Bearer realm="oauth2d", error="invalid_client", error_description="no"`,
	} {
		r := httptest.NewRequest(http.MethodPost, "/token", http.NoBody)
		if tried != "" {
			r.Header.Set("Authorization", tried)
		}
		if got := answer(errs.API, r, oauth.Refuse(oauth.InvalidClient, "no", nil)).Header.Get("WWW-Authenticate"); got != want {
			t.Errorf("tried %q: %q, want %q", tried, got, want)
		}
	}
}

func TestBearerChallenge(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	for _, c := range []struct {
		tried  string
		err    error
		status int
		want   string
	}{
		{"", oauth.Refuse(oauth.InvalidToken, "no token", nil), 401, `Bearer realm="oauth2d"`},
		{"Bearer x", oauth.Refuse(oauth.InvalidToken, `a "bad" token`, nil), 401, `Bearer realm="oauth2d", error="invalid_token", error_description="a 'bad' token"`},
		{"Bearer x", oauth.Refuse(oauth.InsufficientScope, "openid", nil), 403, `Bearer realm="oauth2d", error="insufficient_scope", error_description="openid"`},
		{"Bearer x", oauth.Refuse(oauth.InvalidRequest, "two", nil), 400, `Bearer realm="oauth2d", error="invalid_request", error_description="two"`},
		{"Bearer x", oauth.Unavailable(nil), 503, ``},
	} {
		r := httptest.NewRequest(http.MethodGet, "/userinfo", http.NoBody)
		if c.tried != "" {
			r.Header.Set("Authorization", c.tried)
		}
		res := answer(errs.Bearer, r, c.err)
		if got := res.Header.Get("WWW-Authenticate"); got != c.want || res.StatusCode != c.status {
			t.Errorf("%v: %d %q, want %d %q", c.err, res.StatusCode, got, c.status, c.want)
		}
	}
}

func TestUnavailableIsNeverANo(t *testing.T) {
	t.Parallel()
	errs, log := newErrors()
	for _, style := range []web.Style{errs.API, errs.Bearer, errs.Browser} {
		res := answer(style, httptest.NewRequest(http.MethodPost, "/x", http.NoBody), oauth.Unavailable(errors.New("connection refused")))
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "1" {
			t.Errorf("%d Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	if !strings.Contains(log.String(), "connection refused") || !strings.Contains(log.String(), `"WARN"`) {
		t.Errorf("the log does not contain the cause: %s", log)
	}
}

func TestUnknownErrorsStayInside(t *testing.T) {
	t.Parallel()
	errs, log := newErrors()
	for name, style := range map[string]web.Style{"API": errs.API, "bearer": errs.Bearer, "browser": errs.Browser, "either": errs.Either} {
		t.Run(name, func(t *testing.T) {
			res := answer(style, httptest.NewRequest(http.MethodPost, "/x", http.NoBody), errors.New("the inner cause"))
			if body := text(t, res); res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "inner") {
				t.Errorf("%d %s", res.StatusCode, body)
			}
		})
	}
	if !strings.Contains(log.String(), "the inner cause") || !strings.Contains(log.String(), `"ERROR"`) {
		t.Errorf("the log lost the cause: %s", log)
	}
}

func TestBrowserGoesBackToTheClient(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	refusal := oauth.Refuse(oauth.LoginRequired, "sign in first", nil).
		To(oauth.Return{URI: "https://app/cb?x=1", State: "a b&c", Issuer: "https://as/i"})
	res := answer(errs.Browser, httptest.NewRequest(http.MethodGet, "/authorize", http.NoBody), refusal)
	const want = "https://app/cb?x=1&error=login_required&error_description=sign%20in%20first&iss=https%3A%2F%2Fas%2Fi&state=a%20b%26c"
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
		t.Errorf("%d %s, want %s", res.StatusCode, got, want)
	}
	if body := text(t, res); body != "" {
		t.Errorf("a redirect with a body: %q", body)
	}
}

func TestA20_StateIsEchoedByteExactInLocationOnly(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	const state = "\"><script>alert(1)</script>\r\nX: y+ü%00"
	res := answer(errs.Browser, httptest.NewRequest(http.MethodGet, "/authorize", http.NoBody),
		oauth.Refuse(oauth.AccessDenied, "", nil).To(oauth.Return{URI: "com.example.app:/cb", State: state}))
	location := res.Header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || u.Query().Get("state") != state || strings.ContainsAny(location, "\"<>\r\n ") {
		t.Errorf("Location %q: %v", location, err)
	}
	if body := text(t, res); body != "" {
		t.Errorf("the state may stand in %q", body)
	}
}

func TestBrowserFormPost(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	refusal := oauth.Refuse(oauth.AccessDenied, "", nil).
		To(oauth.Return{URI: "https://app/cb", State: "s", Issuer: "https://as", Mode: oauth.ModeFormPost})
	res := answer(errs.Browser, httptest.NewRequest(http.MethodGet, "/authorize", http.NoBody), refusal)
	if got := text(t, res); res.StatusCode != http.StatusOK || res.Header.Get("Location") != "" ||
		got != "post https://app/cb error=access_denied&error_description=&iss=https%3A%2F%2Fas&state=s" {
		t.Errorf("%d %s", res.StatusCode, got)
	}
}

func TestBrowserFormPostThatCannotBeDrawnIsAPage(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	errs.FormPost = func(http.ResponseWriter, *http.Request, string, url.Values) error { return errors.New("template") }
	res := answer(errs.Browser, httptest.NewRequest(http.MethodGet, "/authorize", http.NoBody),
		oauth.Refuse(oauth.AccessDenied, "", nil).To(oauth.Return{URI: "https://app/cb", Mode: oauth.ModeFormPost}))
	if got := text(t, res); res.StatusCode != http.StatusInternalServerError || !strings.HasPrefix(got, "page server_error") {
		t.Errorf("%d %s", res.StatusCode, got)
	}
}

func TestA01_WithoutAValidatedPlaceThereIsAPage(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	for code, want := range map[oauth.Code]int{oauth.InvalidRequest: 400, oauth.InvalidClient: 400, oauth.ForbiddenByOrigin: 403, oauth.StaleInteraction: 400} {
		t.Run(string(code), func(t *testing.T) {
			res := answer(errs.Browser, httptest.NewRequest(http.MethodGet, "/authorize?redirect_uri=https://evil", http.NoBody), oauth.Refuse(code, "", nil))
			if res.StatusCode != want || res.Header.Get("Location") != "" {
				t.Errorf("%s: %d %q", code, res.StatusCode, res.Header.Get("Location"))
			}
		})
	}
}

func TestEitherReadsAccept(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	r := httptest.NewRequest(http.MethodGet, "/nowhere", http.NoBody)
	if got := answer(errs.Either, r, oauth.Refuse(oauth.NotFound, "", nil)).Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("a program was answered with %q", got)
	}
	r.Header.Set("Accept", "text/html,*/*")
	if got := answer(errs.Either, r, oauth.Refuse(oauth.NotFound, "", nil)).Header.Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
		t.Errorf("a browser was answered with %q", got)
	}
}

func TestCallerThatWentAwayIsNoFailure(t *testing.T) {
	t.Parallel()
	errs, log := newErrors()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	res := answer(errs.API, httptest.NewRequest(http.MethodPost, "/token", http.NoBody).WithContext(ctx), context.Canceled)
	if res.StatusCode != http.StatusServiceUnavailable || strings.Contains(log.String(), `"ERROR"`) {
		t.Errorf("%d %s", res.StatusCode, log)
	}
}

func TestDescriptionsAreMadePrintable(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	res := answer(errs.API, httptest.NewRequest(http.MethodPost, "/token", http.NoBody), oauth.Refuse(oauth.InvalidRequest, "a\"b\\c\nd\x00é", nil))
	if got := text(t, res); !strings.Contains(got, `"a'b'c?d??"`) {
		t.Error(got)
	}
}

func TestJSONThatCannotBeEncodedSendsNothing(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := web.JSON(w, map[string]any{"f": func() {}}); err == nil || w.Body.Len() != 0 {
		t.Errorf("%v, %q", err, w.Body)
	}
}
