package authorize

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options are the dependencies and settings of an Authorizer.
type Options struct {
	Registry  *registry.Registry
	Sessions  *session.Sessions
	Grants    store.Grants
	Consents  store.Consents
	Requests  store.Requests
	Overview  store.Overview
	Ring      *keyring.Ring
	People    People             // nil: the sign-in page does not fill in the user of an id_token_hint
	Limits    *ratelimit.Limiter // of large requests; nil: no limit
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
type Authorizer struct {
	o     Options
	chain []check
}

// New returns an Authorizer.
func New(o Options) *Authorizer {
	o.Lifetimes = o.Lifetimes.Or(oauth.DefaultLifetimes())
	return &Authorizer{o: o, chain: chain}
}
