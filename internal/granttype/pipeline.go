package granttype

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Type serves one grant_type. Its order names what to mint; the pipeline does the minting, so that
// no grant type can forget what all share.
type Type interface {
	// Name is the grant_type on the wire.
	Name() string
	// Reads names the parameters it may see; others never reach it.
	Reads() []string
	// Exchange decides. An *oauth.Error is a refusal; whatever else is a server_error.
	Exchange(ctx context.Context, r Request) (token.Order, error)
}

// Request is a token request of an authenticated client.
type Request struct {
	Type   string
	Client oauth.Client
	Params oauth.Params
}

// Pipeline serves every grant type that is switched on. It is safe for concurrent use.
type Pipeline struct {
	tokens *token.Tokens
	events event.Sink
	types  []Type
}

// New makes a pipeline of the grant types, in the order that the metadata lists them.
func New(tokens *token.Tokens, events event.Sink, types ...Type) *Pipeline {
	return &Pipeline{tokens: tokens, events: events, types: types}
}

// Names lists the grant types that are switched on.
func (g *Pipeline) Names() []string {
	names := make([]string, len(g.types))
	for i, one := range g.types {
		names[i] = one.Name()
	}
	return names
}

// Exchange answers a token request.
func (g *Pipeline) Exchange(ctx context.Context, r Request) (token.Set, error) {
	ctx, release := commit.Begin(ctx)
	defer release()
	set, err := g.exchange(ctx, r)
	if err != nil {
		refusal := oauth.AsError(err)
		reason := refusal.Reason()
		if refusal.Code == oauth.ServerError {
			reason = refusal.Description // what a broken rule says may quote a secret
		}
		g.events.Emit(ctx, event.TokenDenied{
			Client: r.Client.ID, GrantType: g.known(r.Type), Code: refusal.Code, Reason: reason,
			Outcome: commit.OutcomeOf(err),
		})
		return token.Set{}, refusal.Recorded()
	}
	return set, nil
}

func (g *Pipeline) exchange(ctx context.Context, r Request) (token.Set, error) {
	if r.Type == "" {
		return token.Set{}, oauth.Refuse(oauth.InvalidRequest, "grant_type is missing", nil)
	}
	one := g.find(r.Type)
	if one == nil {
		return token.Set{}, oauth.Refuse(oauth.UnsupportedGrantType, "grant_type is not enabled here", nil)
	}
	if !r.Client.MayUse(one.Name()) {
		return token.Set{}, oauth.Refuse(oauth.UnauthorizedClient, "this client may not use that grant type", nil)
	}
	r.Params = r.Params.Only(one.Reads()...)
	order, err := one.Exchange(ctx, r)
	if err != nil {
		return token.Set{}, err
	}
	set, err := g.tokens.Mint(ctx, order)
	if err != nil {
		return token.Set{}, err
	}
	g.events.Emit(ctx, issued(r, order, set))
	return set, nil
}

func (g *Pipeline) find(name string) Type {
	for _, one := range g.types {
		if one.Name() == name {
			return one
		}
	}
	return nil
}

// known keeps words of a stranger's choosing out of the audit log and the metrics.
func (g *Pipeline) known(name string) string {
	if g.find(name) == nil {
		return "unknown"
	}
	return name
}

func issued(r Request, order token.Order, set token.Set) event.TokenIssued {
	e := event.TokenIssued{
		Client: r.Client.ID, GrantType: r.Type, Scope: set.Scope, Format: set.Format,
		Refresh: set.Refresh != "",
	}
	if order.Grant != nil {
		e.User, e.Grant = order.Grant.User, order.Grant.Ref
	}
	return e
}
