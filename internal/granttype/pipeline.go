package granttype

import (
	"context"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Type serves one grant_type. It returns an order for tokens, and the pipeline makes them, so that no grant
// type can omit a check that all share.
type Type interface {
	// Describe returns its name, the parameters that it reads and which clients may use it. Other parameters
	// never reach it, nor do other clients. It also works on a type that was made without its parts.
	Describe() oauth.GrantType
	// Exchange decides. An *oauth.Error is a refusal; any other error is a server_error.
	Exchange(ctx context.Context, r Request) (token.Order, error)
}

// Describe returns the descriptions of grant types.
func Describe(types ...Type) []oauth.GrantType {
	all := make([]oauth.GrantType, len(types))
	for i, one := range types {
		all[i] = one.Describe()
	}
	return all
}

// Request is a token request of an authenticated client.
type Request struct {
	Type   string
	Client oauth.Client
	Params oauth.Params
	// Binding is the key that the client proved to have; zero when it proved none.
	Binding oauth.Binding
}

// Pipeline serves every grant type that is switched on. It is safe for concurrent use.
type Pipeline struct {
	tokens *token.Tokens
	events event.Sink
	types  []served
	names  []string // sorted, for messages
}

// served is a grant type and its description, which is made once.
type served struct {
	Type
	oauth.GrantType
}

// New makes a pipeline of the grant types, in the order that the metadata lists them.
func New(tokens *token.Tokens, events event.Sink, types ...Type) *Pipeline {
	g := &Pipeline{tokens: tokens, events: events}
	for _, one := range types {
		g.types = append(g.types, served{one, one.Describe()})
	}
	for _, one := range g.types {
		g.names = append(g.names, one.Name)
	}
	slices.Sort(g.names)
	return g
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
		return token.Set{}, oauth.Refuse(oauth.UnsupportedGrantType, "grant_type must be one of "+strings.Join(g.names, ", "), nil)
	}
	switch {
	case !r.Client.MayUse(one.Name):
		return token.Set{}, oauth.Refuse(oauth.UnauthorizedClient, "this client may not use that grant type", nil)
	case r.Client.Public() && !one.Public:
		return token.Set{}, oauth.Refuse(oauth.UnauthorizedClient, "a public client may not use that grant type", nil)
	}
	r.Params = r.Params.Only(one.Parameters...)
	order, err := one.Exchange(ctx, r)
	if err != nil {
		return token.Set{}, err
	}
	order.Type, order.Binding = one.Name, r.Binding
	set, err := g.tokens.Mint(ctx, order)
	if err != nil {
		return token.Set{}, err
	}
	g.events.Emit(ctx, issued(r, order, set))
	return set, nil
}

func (g *Pipeline) find(name string) *served {
	for i := range g.types {
		if g.types[i].Name == name {
			return &g.types[i]
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
