package endpoint

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// JWKS serves the public signing keys (RFC 7517 §5).
type JWKS struct {
	Keys func(context.Context) jose.Set

	last atomic.Pointer[published] // the last answer
}

// published is a set of keys and the document that it makes.
type published struct {
	keys     []jose.JWK
	document document
}

// Serve answers with the current keys.
func (e *JWKS) Serve(w http.ResponseWriter, r *http.Request) error {
	set := e.Keys(r.Context())
	if len(set.Keys) == 0 {
		// Verifiers would cache an empty set, and refuse every token for that long.
		return oauth.Unavailable(errors.New("the key ring holds no signing key"))
	}
	last := e.last.Load()
	if last == nil || !slices.Equal(last.keys, set.Keys) {
		d, err := newDocument(set)
		if err != nil {
			return err
		}
		last = &published{set.Keys, d}
		e.last.Store(last)
	}
	last.document.serve(w, r)
	return nil
}
