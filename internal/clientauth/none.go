package clientauth

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// None serves none: a public client names itself and proves nothing (RFC 6749 §3.2.1).
type None struct{ registry *registry.Registry }

// NewNone makes the method.
func NewNone(r *registry.Registry) None { return None{r} }

// Describe implements Method.
func (None) Describe() oauth.ClientAuth { return oauth.ClientAuth{Name: oauth.AuthNone, Public: true} }

// Recognize implements Method.
func (None) Recognize(r Request) (Credentials, bool, error) {
	return Credentials{ID: r.Params.Get("client_id"), Method: oauth.AuthNone}, true, nil
}

// Verify implements Method.
func (n None) Verify(_ context.Context, client oauth.Client, c Credentials) (string, error) {
	if !client.Public() {
		n.registry.CheckNothing(c.Proof.Reveal()) // an unknown client and one with a secret cost the same work
	}
	if c.Proof != "" {
		return otherMethod, nil
	}
	return "", nil
}
