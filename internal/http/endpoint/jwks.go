package endpoint

import (
	"context"
	"errors"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// JWKS serves the public signing keys (RFC 7517 §5).
type JWKS struct {
	Keys func(context.Context) jose.Set
}

// Serve answers with the current keys.
func (e *JWKS) Serve(w http.ResponseWriter, r *http.Request) error {
	set := e.Keys(r.Context())
	if len(set.Keys) == 0 {
		// Verifiers would cache an empty set, and refuse every token for that long.
		return oauth.Unavailable(errors.New("the key ring holds no signing key"))
	}
	d, err := newDocument(set)
	if err != nil {
		return err
	}
	d.serve(w, r, documentLife)
	return nil
}
