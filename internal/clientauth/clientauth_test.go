package clientauth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

var errAway = errors.New("connection refused")

// shelf holds clients that are registered once; it can be away, and slow.
type shelf struct {
	store.Clients // nil: what these tests do not ask falls over
	clients       map[oauth.ClientID]oauth.Client
	away          bool
	slow          func()
}

func (s *shelf) Get(_ context.Context, id oauth.ClientID) (oauth.Client, error) {
	if s.away {
		return oauth.Client{}, errAway
	}
	s.slow()
	if c, ok := s.clients[id]; ok {
		return c, nil
	}
	return oauth.Client{}, store.Absent
}

func (s *shelf) Put(_ context.Context, c oauth.Client) (uint64, error) {
	s.clients[c.ID] = c
	return 1, nil
}

func (s *shelf) Read(context.Context) (store.Marks, error) {
	if s.away {
		return store.Marks{}, errAway
	}
	return store.Marks{Version: 1}, nil
}

func (*shelf) RaiseEpoch(context.Context, time.Time) error { return errors.ErrUnsupported }

// pepper counts how often a digest is checked.
type pepper struct {
	mu     sync.Mutex
	checks int
}

func (*pepper) Pepper() (id string, key oauth.MACKey) {
	return "pepper-1", secret.NewMACKey([]byte("pepper"))
}

func (p *pepper) PepperOf(string) oauth.MACKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checks++
	return secret.NewMACKey([]byte("pepper"))
}

// stage is an Authenticator whose clock moves only when somebody waits.
type stage struct {
	*Authenticator
	shelf  *shelf
	pepper pepper
	at     time.Time
	waited []time.Duration
	facts  []event.Event
	right  map[string]oauth.Token // the secret of each client
}

// methods are the ones that the server serves.
func methods(r *registry.Registry) []Method {
	return []Method{NewSecretBasic(r), NewSecretPost(r), NewNone(r)}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), right: map[string]oauth.Token{}}
	s.shelf = &shelf{clients: map[oauth.ClientID]oauth.Client{}, slow: func() {}}
	now := func() time.Time { return s.at }
	clients := registry.New(registry.Options{
		Store: s.shelf, Peppers: &s.pepper, Now: now, Lease: freshness.New(freshness.Options{Store: s.shelf, Now: now, Life: time.Hour}),
		Hasher: secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1}),
		Supported: oauth.Supported{
			AuthMethods: Describe(methods(nil)...),
			GrantTypes:  []oauth.GrantType{{Name: oauth.GrantAuthorizationCode, Public: true}},
		},
	})
	s.Authenticator = New(Options{Registry: clients, Methods: methods(clients), Events: s, Now: now, Wait: func(_ context.Context, d time.Duration) {
		s.waited = append(s.waited, d)
		s.at = s.at.Add(d)
	}})
	for id, c := range map[string]oauth.Client{
		"basic":    {Method: oauth.AuthBasic},
		"post":     {Method: oauth.AuthPost},
		"public":   {Method: oauth.AuthNone},
		"disabled": {Method: oauth.AuthBasic, Disabled: true},
		"chosen":   {Method: oauth.AuthBasic},
	} {
		c.ID, c.RedirectURIs = oauth.ClientID(id), []string{"https://app.example/cb"}
		wanted := ""
		if id == "chosen" {
			wanted = "demo-secret"
		}
		_, shown, err := clients.Register(t.Context(), c, wanted)
		if err != nil {
			t.Fatal(err)
		}
		s.right[id] = shown
	}
	return s
}

func (s *stage) Emit(_ context.Context, e event.Event) { s.facts = append(s.facts, e) }

func TestRightClients(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, p := range []Credentials{
		{ID: "basic", Method: oauth.AuthBasic},
		{ID: "basic", Method: oauth.AuthPost}, // the two ways to send a secret prove the same
		{ID: "post", Method: oauth.AuthPost},
		{ID: "post", Method: oauth.AuthBasic},
		{ID: "chosen", Method: oauth.AuthBasic},
		{ID: "public", Method: oauth.AuthNone},
	} {
		p.Proof = s.right[p.ID]
		c, err := s.authenticate(t.Context(), p)
		if err != nil || string(c.ID) != p.ID {
			t.Errorf("%+v: %s, %v", p, c.ID, err)
		}
		want := event.ClientAuthenticated{Client: oauth.ClientID(p.ID), Method: p.Method}
		if len(s.facts) == 0 || s.facts[len(s.facts)-1] != want {
			t.Errorf("told %v", s.facts)
		}
	}
	if len(s.waited) != 0 {
		t.Errorf("a right client waits %v", s.waited)
	}
}

// wrong is every way not to be a client.
func (s *stage) wrong() map[string]Credentials {
	return map[string]Credentials{
		"nothing":                {Method: oauth.AuthNone},
		"unknown, basic":         {ID: "nobody", Proof: "x", Method: oauth.AuthBasic},
		"unknown, none":          {ID: "nobody", Method: oauth.AuthNone},
		"wrong secret":           {ID: "basic", Proof: "x", Method: oauth.AuthBasic},
		"no secret":              {ID: "basic", Method: oauth.AuthBasic},
		"wrong chosen secret":    {ID: "chosen", Proof: "demo-secreT", Method: oauth.AuthBasic},
		"secret of another":      {ID: "basic", Proof: s.right["post"], Method: oauth.AuthBasic},
		"disabled, right":        {ID: "disabled", Proof: s.right["disabled"], Method: oauth.AuthBasic},
		"disabled, wrong":        {ID: "disabled", Proof: "x", Method: oauth.AuthBasic},
		"confidential as none":   {ID: "basic", Method: oauth.AuthNone},
		"none with the secret":   {ID: "basic", Proof: s.right["basic"], Method: oauth.AuthNone},
		"public with a secret":   {ID: "public", Proof: "x", Method: oauth.AuthBasic},
		"public, empty Basic":    {ID: "public", Method: oauth.AuthBasic},
		"public, none and more":  {ID: "public", Proof: "x", Method: oauth.AuthNone},
		"assertion, right":       {ID: "basic", Proof: s.right["basic"], Method: oauth.AuthBasic, Unserved: true},
		"assertion, public":      {ID: "public", Method: oauth.AuthNone, Unserved: true},
		"method of no client":    {ID: "basic", Proof: s.right["basic"], Method: "private_key_jwt"},
		"id in another case":     {ID: "BASIC", Proof: s.right["basic"], Method: oauth.AuthBasic},
		"id that cannot be one":  {ID: "a b", Proof: "x", Method: oauth.AuthBasic},
		"secret with more to it": {ID: "basic", Proof: s.right["basic"] + "x", Method: oauth.AuthBasic},
	}
}

func TestT04_OtherMethodThanTheRegisteredOne(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for what, reason := range map[string]string{
		"confidential as none": noSecret, "none with the secret": otherMethod, "public with a secret": otherMethod,
		"public, empty Basic": otherMethod, "public, none and more": otherMethod, "method of no client": otherMethod,
		"assertion, right": assertion, "assertion, public": assertion,
	} {
		t.Run(what, func(t *testing.T) {
			c, err := s.authenticate(t.Context(), s.wrong()[what])
			if oauth.AsError(err).Code != oauth.InvalidClient || c.ID != "" {
				t.Errorf("%s: %v", what, err)
			}
			fact, _ := s.facts[len(s.facts)-1].(event.ClientAuthFailed)
			if fact.Reason != reason {
				t.Errorf("%s: told %+v", what, fact)
			}
		})
	}
}

func TestT07_RefusalsCannotBeToldApart(t *testing.T) {
	t.Parallel()
	for _, work := range []time.Duration{0, time.Microsecond, 30 * time.Millisecond, 50 * time.Millisecond, 120 * time.Millisecond} {
		t.Run(work.String(), func(t *testing.T) {
			s := newStage(t)
			for what, p := range s.wrong() {
				t.Run(what, func(t *testing.T) {
					s.shelf.slow = func() { s.at = s.at.Add(work) }
					start := s.at
					c, err := s.authenticate(t.Context(), p)
					refusal := oauth.AsError(err)
					if refusal.Code != oauth.InvalidClient || refusal.Description != "client authentication failed" || c.ID != "" {
						t.Errorf("%s: %v", what, err)
					}
					if took := s.at.Sub(start); took <= 0 || took%s.o.Floor != 0 || took > work+s.o.Floor {
						t.Errorf("%s, %s of work: answered after %s", what, work, took)
					}
				})
			}
		})
	}
}

func TestT07_UnknownClientCostsADigest(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, what := range []string{"unknown, basic", "wrong secret", "disabled, right", "confidential as none", "unknown, none"} {
		t.Run(what, func(t *testing.T) {
			before := s.pepper.checks
			if _, err := s.authenticate(t.Context(), s.wrong()[what]); err == nil {
				t.Errorf("%s: accepted", what)
			}
			if s.pepper.checks != before+1 {
				t.Errorf("%s: %d digests", what, s.pepper.checks-before)
			}
		})
	}
}

func TestRefusalIsToldWithItsReasonAndNoInvention(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for what, want := range map[string]event.ClientAuthFailed{
		"nothing":         {Client: "", Method: "none", Reason: noClient},
		"unknown, basic":  {Client: "", Method: "client_secret_basic", Reason: unknownClient},
		"wrong secret":    {Client: "basic", Method: "client_secret_basic", Reason: wrongSecret},
		"disabled, right": {Client: "disabled", Method: "client_secret_basic", Reason: disabled},
		"disabled, wrong": {Client: "disabled", Method: "client_secret_basic", Reason: wrongSecret},
	} {
		s.facts = nil
		if _, err := s.authenticate(t.Context(), s.wrong()[what]); err == nil {
			t.Errorf("%s: accepted", what)
		}
		if !slices.Equal(s.facts, []event.Event{want}) {
			t.Errorf("%s: told %+v", what, s.facts)
		}
	}
}

func TestCouldNotAskIsNeverARefusal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.shelf.away = true
	for what, p := range s.wrong() {
		if p.ID == "" || p.ID == "a b" {
			continue // nobody has to be asked
		}
		_, err := s.authenticate(t.Context(), p)
		if oauth.AsError(err).Code != oauth.TemporarilyUnavailable || !errors.Is(err, errAway) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.shelf.away = false
	s.facts, s.waited = nil, nil
	ended, cancel := context.WithCancel(t.Context())
	if _, err := s.o.Registry.Client(t.Context(), "chosen"); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err := s.authenticate(ended, Credentials{ID: "chosen", Proof: "x", Method: oauth.AuthBasic})
	if oauth.AsError(err).Code != oauth.TemporarilyUnavailable || len(s.facts)+len(s.waited) != 0 {
		t.Errorf("a hash that could not be computed: %v, told %v", err, s.facts)
	}
}

func TestWaitEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		wait(t.Context(), 40*time.Millisecond)
		if took := time.Since(start); took != 40*time.Millisecond {
			t.Errorf("waited %s", took)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		wait(ended, time.Hour)
		if took := time.Since(start); took != 40*time.Millisecond {
			t.Errorf("waited %s for a caller who went away", took)
		}
	})
}

// A refusal takes as long for a client id that nobody has as for one whose secret is checked slowly.
func TestF_S20_EveryRefusalTakesTheTimeOfTheSlowestCheck(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for slowest, want := range map[time.Duration]time.Duration{
		0: 50 * ms, 30 * ms: 50 * ms, 40 * ms: 50 * ms, 41 * ms: 100 * ms, 210 * ms: 300 * ms, time.Second: 1250 * ms, time.Hour: 2 * time.Second,
	} {
		if got := slotOf(50*ms, slowest); got != want {
			t.Errorf("with a check of %v every refusal takes %v, want %v", slowest, got, want)
		}
	}
}
