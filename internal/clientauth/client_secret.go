package clientauth

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// secrets verifies a client_secret; client_secret_basic and client_secret_post differ only in where they read it.
type secrets struct{ registry *registry.Registry }

// Verify implements Method.
func (s secrets) Verify(ctx context.Context, client oauth.Client, c Credentials) (string, error) {
	switch {
	case client.ID == "":
		s.registry.CheckNothing(c.Proof.Reveal()) // an unknown client costs the same work
		return unknownClient, nil
	case client.Public():
		return otherMethod, nil
	}
	right, err := s.registry.CheckSecret(ctx, client, c.Proof.Reveal())
	switch {
	case err != nil:
		return "", err
	case right:
		return "", nil
	case s.registry.HasExpired(client, c.Proof.Reveal()):
		return expiredSecret, nil
	}
	return wrongSecret, nil
}
