package authorize

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options are what an Authorizer needs.
type Options struct {
	Registry  *registry.Registry
	Sessions  *session.Sessions
	Grants    store.Grants
	Consents  store.Consents
	Overview  store.Overview
	Ring      *keyring.Ring
	People    People // nil: the sign-in page does not fill in whom an id_token_hint names
	Events    event.Sink
	Now       func() time.Time
	Issuer    string
	Lifetimes oauth.Lifetimes
	Resources oauth.Resources
}

// People finds a user by id; store.Absent when there is none.
type People interface {
	Get(ctx context.Context, id oauth.UserID) (oauth.User, error)
}

// Authorizer answers authorization requests. It is safe for concurrent use.
type Authorizer struct{ o Options }

// New makes the room.
func New(o Options) *Authorizer {
	o.Lifetimes = o.Lifetimes.Or(oauth.DefaultLifetimes())
	return &Authorizer{o: o}
}

// Pending is an authorization request that passed every check that needs no person.
type Pending struct {
	Client    oauth.Client
	Return    oauth.Return // where the answer goes
	Scope     oauth.Scopes
	Audience  []string
	LoginHint string
	Locales   string // ui_locales: the languages the user prefers

	params    oauth.Params
	challenge string
	nonce     string
	prompt    prompt
	hinted    oauth.UserID // whom the id_token_hint names; empty without one
	asked     time.Time    // when the request first came in

	// Restarted: the interaction was another browser's, or too old. It is now a request of this browser.
	Restarted bool

	id          oauth.GrantID // of the one grant that the interaction may yield; zero for a request that never waited
	decided     *decision
	withdrawals uint64 // of the user, when Step decided
}

// Check runs the chain over the parameters of an authorization request. parse is the error that
// reading the parameters met, if any: it is reported once it is known where to. An error with a
// Return goes back to the client; one without is shown to the person (RFC 6749 §4.1.2.1).
func (a *Authorizer) Check(ctx context.Context, params oauth.Params, parse error) (Pending, error) {
	p := Pending{params: params.Only(parameters()...), asked: a.o.Now()}
	for _, step := range chain {
		if err := step.check(a, ctx, &p, parse); err != nil {
			refusal := p.about(err)
			if p.Return.URI != "" {
				refusal = refusal.To(p.Return)
			}
			return Pending{}, refusal
		}
	}
	return p, nil
}

// about adds for the audit log who asked, and with what, to a refusal of the request.
func (p *Pending) about(err error) *oauth.Error {
	return oauth.AsError(err).About(oauth.Facts{
		Client: p.Client.ID, SentClient: p.params.Get("client_id"), SentRedirectURI: p.params.Get("redirect_uri"),
	})
}
