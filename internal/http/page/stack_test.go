package page_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const (
	base     = "/auth"
	password = "correct horse"
	callback = "https://app.example/callback?x=1"
)

// ending is a store that may not be there when sessions are to end.
type ending struct {
	store.Sessions
	away atomic.Bool
}

func (e *ending) End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error {
	if e.away.Load() {
		return errors.New("away")
	}
	return e.Sessions.End(ctx, user, refs...)
}

// stack is the pages over an embedded Redis, with the authorization endpoint they lead back to.
type stack struct {
	pages    *page.Pages
	sessions *session.Sessions
	ending   *ending
	registry *registry.Registry
	user     oauth.User
	people   *directory.Directory
	server   *httptest.Server
}

func newStack(t *testing.T, look page.Look) *stack {
	t.Helper()
	ctx := t.Context()
	db := roomtest.Open(t, redisconn.Options{})
	events, grants := event.Sinks{}, redisstore.NewGrants(db)
	ring := roomtest.Ring(t, db, keyring.Options{Events: events, Now: time.Now})
	hasher := secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1})
	people := directory.New(directory.Options{Store: redisstore.NewUsers(db), Hasher: hasher, Events: events, Now: time.Now, MinLength: 8})
	s := &stack{people: people}
	var err error
	s.user, err = people.Create(ctx, "demo", password, "", "")
	ok(t, err)
	s.ending = &ending{Sessions: redisstore.NewSessions(db)}
	s.sessions = session.New(session.Options{
		Store: s.ending, Revocations: redisstore.NewRevocations(db), Events: events, Now: time.Now, KeepEnding: time.Hour,
	})
	s.registry = roomtest.Registry(db, registry.Options{Peppers: ring, Now: time.Now})
	s.register(t, oauth.Client{ID: "planner", Name: "Recipe Planner", RedirectURIs: []string{callback}})
	authorizer := authorize.New(authorize.Options{
		Registry: s.registry, Sessions: s.sessions, Grants: grants, Consents: redisstore.NewConsents(db),
		Requests: serverstore.NewRequests(db), Overview: redisstore.NewOverview(db), Ring: ring, Events: events, Now: time.Now, Issuer: "http://issuer.example" + base,
	})
	cookies := web.Cookies{}
	signIn := signin.New(signin.Options{Directory: people, Sessions: s.sessions, Ring: ring, Events: events, Now: time.Now})
	s.pages, err = page.New(page.Options{
		Authorizer: authorizer, Sessions: s.sessions, Directory: people, SignIn: signIn, Ring: ring, Cookies: cookies, Now: time.Now,
		Base: base, Authorize: base + web.PathAuthorize, Look: look,
	})
	ok(t, err)
	s.serve(t, &endpoint.Authorize{
		Authorizer: authorizer, Sessions: s.sessions, Cookies: cookies, Login: base + web.PathLogin, Consent: base + web.PathConsent,
	})
	return s
}

func (s *stack) serve(t *testing.T, authorization *endpoint.Authorize) {
	t.Helper()
	errors := &web.Errors{Log: slog.New(slog.DiscardHandler), Page: s.pages.Error, FormPost: s.pages.FormPost}
	authorization.Errors = errors
	mux := http.NewServeMux()
	for path, h := range map[string]web.Handler{
		web.PathAuthorize: authorization.Serve, web.PathLogin: s.pages.Login, web.PathPassword: s.pages.Password, web.PathConsent: s.pages.Consent,
		web.PathAccount: s.pages.Account, web.PathLogout: s.pages.Logout, web.PathStatic: s.pages.Static,
	} {
		mux.Handle(base+path, web.Handle(errors.Browser, h))
	}
	frame := web.Frame(web.FrameOptions{Metrics: metric.New("test", oauth.Supported{}), Now: time.Now})
	guard, err := web.SameOrigin("http://issuer.example", errors.Browser)
	ok(t, err)
	s.server = httptest.NewServer(frame(guard(mux)))
	t.Cleanup(s.server.Close)
}

func (s *stack) register(t *testing.T, c oauth.Client) {
	t.Helper()
	c.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	c.Scopes = oauth.Scopes{"openid", "email", "read", "odd"}
	_, _, err := s.registry.Register(context.Background(), c, "")
	ok(t, err)
}

// browser keeps cookies and follows no redirect.
type browser struct {
	t      *testing.T
	server string
	client *http.Client
	header http.Header // sent with every request
}

func (s *stack) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	ok(t, err)
	return &browser{t: t, server: s.server.URL, header: http.Header{}, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.at(path), http.NoBody)
	ok(b.t, err)
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.at(path), strings.NewReader(form.Encode()))
	ok(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

func (b *browser) at(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.server + path
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	for name, values := range b.header {
		r.Header[name] = values
	}
	response, err := b.client.Do(r)
	ok(b.t, err)
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	ok(b.t, err)
	return answer{status: response.StatusCode, header: response.Header, body: body.String()}
}

// cookie returns the value of a cookie in the jar.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.server)
	ok(b.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// authorization is the address of an authorization request.
func authorization(with ...string) string {
	q := url.Values{
		"client_id": {"planner"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid odd read"},
		"state": {"s-1"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("A", 43)},
	}
	for i := 0; i < len(with); i += 2 {
		q.Set(with[i], with[i+1])
	}
	return base + "/authorize?" + q.Encode()
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// filled returns the hidden fields of a page with others added.
func filled(body string, with ...string) url.Values {
	form := url.Values{}
	for _, found := range hidden.FindAllStringSubmatch(body, -1) {
		form.Set(found[1], found[2])
	}
	return withFields(form, with...)
}

func withFields(form url.Values, with ...string) url.Values {
	for i := 0; i < len(with); i += 2 {
		form.Set(with[i], with[i+1])
	}
	return form
}

// signIn signs the demo user in without any client.
func (b *browser) signIn() {
	b.t.Helper()
	shown := b.get(base + "/login")
	got := b.post(base+"/login", filled(shown.body, "username", "demo", "password", password))
	if got.status != http.StatusSeeOther || got.location() != base+"/account" {
		b.t.Fatalf("sign-in: %d to %q", got.status, got.location())
	}
}

// consentPage walks a request up to the consent page.
func (b *browser) consentPage(request string) answer {
	b.t.Helper()
	shown := b.get(b.get(request).location())
	signed := b.post(base+"/login", filled(shown.body, "username", "demo", "password", password))
	asked := b.get(signed.location())
	if !strings.HasPrefix(asked.location(), base+"/consent?") {
		b.t.Fatalf("no consent after sign-in: %d to %q\n%s", asked.status, asked.location(), asked.body)
	}
	return b.get(asked.location())
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, body string, all ...string) {
	t.Helper()
	for _, one := range all {
		if !strings.Contains(body, one) {
			t.Errorf("the page lacks %q:\n%s", one, body)
		}
	}
}
