package authorize_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const callback = "https://app.example/callback"

// ours is the browser of the test's person.
func ours() oauth.Browser { return oauth.Browser{"a-browser"} }

// room is the authorizer over an embedded Redis, under a clock that the test moves.
type room struct {
	*authorize.Authorizer
	registry *registry.Registry
	sessions *session.Sessions
	grants   store.Grants
	consents store.Consents
	roomtest.Clock

	created  func(oauth.Grant) // called after a grant was made, before anybody knows
	creating func()            // before a grant is stored
	mu       sync.Mutex
	once     store.Once // of the last grant that an interaction yielded
	finding  error      // what looking for a session fails with
}

func (r *room) keep(once store.Once) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.once = once
}

type hookedGrants struct {
	store.Grants
	r *room
}

func (h hookedGrants) Create(ctx context.Context, g oauth.Grant) error {
	if h.r.creating != nil {
		h.r.creating()
	}
	err := h.Grants.Create(ctx, g)
	if h.r.created != nil {
		h.r.created(g)
	}
	return err
}

func (h hookedGrants) CreateOnce(ctx context.Context, g oauth.Grant, once store.Once) error {
	h.r.keep(once)
	err := h.Grants.CreateOnce(ctx, g, once)
	if h.r.created != nil {
		h.r.created(g)
	}
	return err
}

type hookedSessions struct {
	store.Sessions
	r *room
}

func (h hookedSessions) Find(ctx context.Context, ref oauth.SessionRef, now time.Time) (oauth.Session, error) {
	if h.r.finding != nil {
		return oauth.Session{}, h.r.finding
	}
	return h.Sessions.Find(ctx, ref, now)
}

func newRoom(t testing.TB) *room {
	t.Helper()
	r := &room{}
	db := roomtest.Open(t, redisconn.Options{})
	ring := roomtest.Ring(t, db, keyring.Options{Now: r.Now})
	r.grants, r.consents = redisstore.NewGrants(db), redisstore.NewConsents(db)
	r.sessions = session.New(session.Options{
		Store: hookedSessions{redisstore.NewSessions(db), r}, Revocations: redisstore.NewRevocations(db), Events: event.Sinks{}, Now: r.Now, Life: 24 * time.Hour,
		Absolute: 48 * time.Hour, KeepEnding: time.Hour,
	})
	r.registry = roomtest.Registry(db, registry.Options{Peppers: ring, Now: r.Now})
	r.register(t, "app", false)
	r.register(t, "own", true)
	r.Authorizer = authorize.New(authorize.Options{
		Registry: r.registry, Sessions: r.sessions, Grants: hookedGrants{r.grants, r}, Consents: r.consents, Requests: serverstore.NewRequests(db), Overview: redisstore.NewOverview(db), Ring: ring,
		Events: event.Sinks{}, Now: r.Now, Issuer: "https://as.example",
	})
	return r
}

func (r *room) register(t testing.TB, id oauth.ClientID, firstParty bool) {
	t.Helper()
	_, _, err := r.registry.Register(t.Context(), oauth.Client{
		ID: id, RedirectURIs: []string{callback}, Scopes: oauth.Scopes{"read", "write"}, SkipConsent: firstParty,
		GrantTypes: []string{oauth.GrantAuthorizationCode},
	}, "")
	ok(t, err)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func params(t testing.TB, with ...string) oauth.Params {
	t.Helper()
	form := url.Values{
		"client_id": {"app"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"read"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "code_challenge": {oauth.ChallengeOf("v")},
	}
	for i := 0; i < len(with); i += 2 {
		form.Set(with[i], with[i+1])
	}
	p, err := oauth.ParseParams(form)
	ok(t, err)
	return p
}

// check runs the checks of the authorization endpoint.
func (r *room) check(t testing.TB, sent oauth.Params) (authorize.Request, error) {
	t.Helper()
	return r.Check(t.Context(), authorize.AtAuthorize, authorize.Sent{Params: sent})
}

// pending is a request that passed its checks.
func (r *room) pending(t testing.TB, with ...string) authorize.Continuation {
	t.Helper()
	request, err := r.check(t, params(t, with...))
	ok(t, err)
	return r.Begin(request)
}

func (r *room) signIn(t *testing.T) oauth.Session {
	t.Helper()
	_, s, err := r.sessions.Start(t.Context(), oauth.User{ID: "7d44f3f0-0000-4000-8000-000000000001", Name: "ada"}, oauth.Proof{ACR: "acr", AMR: []string{"pwd"}}, "")
	ok(t, err)
	return s
}

func (r *room) step(t *testing.T, p authorize.Continuation, s *oauth.Session, want authorize.Step) {
	t.Helper()
	if got, err := r.Step(t.Context(), &p, s); got != want || err != nil {
		t.Errorf("step %d (%v), want %d", got, err, want)
	}
}

// allow consents as a person does on the consent page, and returns the request with the decision.
func (r *room) allow(t *testing.T, p authorize.Continuation, s oauth.Session) authorize.Continuation {
	t.Helper()
	p, err := r.Allow(t.Context(), p, s)
	ok(t, err)
	return p
}

func refused(t *testing.T, what string, err error, code oauth.Code, sentBack bool) {
	t.Helper()
	if err == nil || oauth.AsError(err).Code != code || (oauth.AsError(err).Return != nil) != sentBack {
		t.Errorf("%s: %v, want %s, sent back %v", what, err, code, sentBack)
	}
}

// Every demand is met once, and then the request ends: no prompt asks for ever.
func TestEveryRequestEnds(t *testing.T) {
	t.Parallel()
	for _, with := range [][]string{
		nil, {"prompt", "login"}, {"prompt", "consent"}, {"prompt", "login consent"}, {"prompt", "select_account"},
		{"max_age", "0"}, {"max_age", "3600"}, {"prompt", "login consent", "max_age", "0"}, {"client_id", "own"}, {"client_id", "own", "prompt", "consent"},
	} {
		t.Run(strings.Join(with, " "), func(t *testing.T) {
			r := newRoom(t)
			old := r.signIn(t) // there is a session, and a consent, from before
			r.allow(t, r.pending(t, with...), old)
			r.Pass(time.Second)
			p := r.pending(t, with...)
			s := &old
			asked := []authorize.Step{}
			for range 4 {
				r.Pass(time.Second) // people take their time
				sealed, err := r.Seal(t.Context(), p, ours())
				ok(t, err)
				p, err = r.Resume(t.Context(), sealed, ours())
				ok(t, err)
				next, err := r.Step(t.Context(), &p, s)
				ok(t, err)
				asked = append(asked, next)
				switch next {
				case authorize.NeedLogin:
					again := r.signIn(t)
					s = &again
				case authorize.NeedConsent:
					p = r.allow(t, p, *s)
				case authorize.Ready:
				}
				if next == authorize.Ready {
					break
				}
			}
			if asked[len(asked)-1] != authorize.Ready {
				t.Errorf("%v does not end: %v", with, asked)
				return
			}
			text := strings.Join(with, " ")
			login := strings.Contains(text, "login") || strings.Contains(text, "select") || strings.Contains(text, "max_age 0")
			consent := strings.Contains(text, "prompt") && strings.Contains(text, "consent")
			want := 1
			if login {
				want++
			}
			if consent {
				want++
			}
			if len(asked) != want {
				t.Errorf("%v: %v, want %d steps", with, asked, want)
			}
		})
	}
}

func TestA26_PromptNoneAsksNobody(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	p := r.pending(t, "prompt", "none")
	_, err := r.Step(t.Context(), &p, nil)
	refused(t, "nobody is signed in", err, oauth.LoginRequired, true)
	s := r.signIn(t)
	_, err = r.Step(t.Context(), &p, &s)
	refused(t, "no consent", err, oauth.ConsentRequired, true)
	r.allow(t, p, s)
	r.step(t, p, &s, authorize.Ready)
	r.Pass(time.Minute)
	p = r.pending(t, "prompt", "none", "max_age", "30")
	_, err = r.Step(t.Context(), &p, &s)
	refused(t, "too long ago", err, oauth.LoginRequired, true)
}

func TestConsentCoversWhatWasAllowedToThatClient(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	r.register(t, "another", false)
	r.allow(t, r.pending(t, "scope", "read"), s)
	r.step(t, r.pending(t, "scope", "read"), &s, authorize.Ready)
	r.step(t, r.pending(t, "scope", "read write"), &s, authorize.NeedConsent)
	r.step(t, r.pending(t, "client_id", "another", "scope", "read"), &s, authorize.NeedConsent)
	r.allow(t, r.pending(t, "scope", "write"), s)
	r.step(t, r.pending(t, "scope", "read write"), &s, authorize.Ready) // what was allowed before stays
	ok(t, r.consents.Withdraw(t.Context(), s.User, "app"))
	r.step(t, r.pending(t, "scope", "read"), &s, authorize.NeedConsent)
}

// R07: a new client with the id of a deleted one does not get the consent that the earlier one had.
func TestR07_AConsentIsForTheClientThatAsked(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	r.allow(t, r.pending(t), s)
	ok(t, r.registry.Delete(t.Context(), "app"))
	r.Pass(time.Second)
	r.register(t, "app", false)
	r.step(t, r.pending(t), &s, authorize.NeedConsent)
	r.allow(t, r.pending(t, "scope", "write"), s)
	r.step(t, r.pending(t, "scope", "write"), &s, authorize.Ready)
	r.step(t, r.pending(t, "scope", "read"), &s, authorize.NeedConsent) // that was for the earlier one
}

// A31: the request is checked anew each time it comes back: what the client lost meanwhile is lost.
func TestA31_AnInteractionIsCheckedAnew(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	sealed, err := r.Seal(t.Context(), r.pending(t, "scope", "read write"), ours())
	ok(t, err)
	change := func(edit func(*oauth.Client)) {
		_, err := r.registry.Change(t.Context(), "app", func(c *oauth.Client) error { edit(c); return nil })
		ok(t, err)
	}
	change(func(c *oauth.Client) { c.Scopes = oauth.Scopes{"read"} })
	_, err = r.Resume(t.Context(), sealed, ours())
	refused(t, "a scope was taken away", err, oauth.InvalidScope, true)
	change(func(c *oauth.Client) { c.RedirectURIs = []string{"https://app.example/elsewhere"} })
	_, err = r.Resume(t.Context(), sealed, ours())
	refused(t, "the redirect URI was taken away", err, oauth.InvalidRequest, false)
	change(func(c *oauth.Client) { c.Disabled = true })
	_, err = r.Resume(t.Context(), sealed, ours())
	refused(t, "disabled", err, oauth.InvalidRequest, false)
}

// A grant that is being made while its user's access ends must not survive, wherever the ending falls.
func TestF_S01_AGrantThatRacesWithAnEndingDies(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for name, end := range map[string]func(oauth.Session) error{
		"sign-out":            func(s oauth.Session) error { return r.sessions.End(t.Context(), s, "") },
		"sign-out everywhere": func(s oauth.Session) error { return r.sessions.EndAll(t.Context(), s.User, "", "") },
		"revocation of the user's grants": func(s oauth.Session) error {
			_, err := r.sessions.EndGrants(t.Context(), s.User, "")
			return err
		},
		"withdrawal of the client's access": func(s oauth.Session) error { return r.Withdraw(t.Context(), s.User, "app") },
		"a change that ends everything": func(s oauth.Session) error {
			return r.sessions.EndAllAround(t.Context(), s.User, "", "", func(context.Context) error { return nil })
		},
	} {
		s := r.signIn(t)
		r.allow(t, r.pending(t), s)
		r.creating = func() { ok(t, end(s)) }
		_, err := r.Issue(t.Context(), r.pending(t), s)
		refused(t, name+" before the grant is stored", err, oauth.AccessDenied, true)
		r.creating = nil

		s = r.signIn(t)
		r.allow(t, r.pending(t), s)
		var made oauth.Grant
		r.created = func(g oauth.Grant) {
			made = g
			ok(t, end(s))
		}
		_, _ = r.Issue(t.Context(), r.pending(t), s) // refused or not: what counts is the grant
		if _, err := r.grants.Get(t.Context(), made.Ref); !errors.Is(err, store.Absent) {
			t.Errorf("%s after the grant was stored: it lives: %v", name, err)
		}
		r.created = nil
	}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	r.allow(t, r.pending(t), s)
	var made oauth.Grant
	r.created = func(g oauth.Grant) { made, r.finding = g, errors.New("no answer") }
	_, err := r.Issue(t.Context(), r.pending(t), s)
	refused(t, "nobody knows", err, oauth.TemporarilyUnavailable, true)
	if _, err := r.grants.Get(t.Context(), made.Ref); !errors.Is(err, store.Absent) {
		t.Errorf("the grant of which nobody was told lives: %v", err)
	}

	r.created, r.finding = nil, nil
	answer, err := r.Issue(t.Context(), r.pending(t), s)
	ok(t, err)
	if answer.Code == "" || answer.Return.URI != callback || answer.Return.State != "s" || answer.Return.Issuer != "https://as.example" {
		t.Errorf("%+v", answer)
	}
}
