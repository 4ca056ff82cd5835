package endpoint

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
)

// Token is the token endpoint (RFC 6749 §3.2).
type Token struct {
	Clients    *clientauth.Authenticator
	GrantTypes *granttype.Pipeline
	Limits     *ratelimit.Limiter
}

// Serve answers a token request.
func (e *Token) Serve(w http.ResponseWriter, r *http.Request) error {
	params, err := readForm(r)
	if err != nil {
		return err
	}
	client, err := authenticate(r, params, e.Clients)
	if err != nil {
		return err
	}
	if err := e.Limits.Client(r.Context(), ratelimit.Token, client); err != nil {
		return err
	}
	set, err := e.GrantTypes.Exchange(r.Context(), granttype.Request{
		Type: params.Get("grant_type"), Client: client, Params: params,
	})
	if err != nil {
		return err
	}
	return respondToken(w, set)
}
