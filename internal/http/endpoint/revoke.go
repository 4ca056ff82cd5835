package endpoint

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Revoke is the revocation endpoint (RFC 7009).
type Revoke struct {
	Callers *Callers
	Tokens  *token.Tokens
	Limits  *ratelimit.Limiter
}

// Serve revokes a token. A token that is not valid is answered with 200 as well (§2.2). The token_type_hint is not
// read: the kind of a token is part of the token.
func (e *Revoke) Serve(w http.ResponseWriter, r *http.Request) error {
	params, err := readForm(r, "token")
	if err != nil {
		return err
	}
	caller, err := e.Callers.revoking(r, params)
	if err != nil {
		return err
	}
	if err := e.Limits.Client(r.Context(), ratelimit.Revoke, caller); err != nil {
		return err
	}
	text := oauth.Token(params.Get("token"))
	if text == "" {
		return missingToken().About(oauth.Facts{Client: caller.ID})
	}
	if err := e.Tokens.Revoke(r.Context(), caller, text); err != nil {
		return oauth.AsError(err).About(oauth.Facts{Client: caller.ID})
	}
	web.Empty(w, http.StatusOK)
	return nil
}

func missingToken() *oauth.Error { return oauth.Refuse(oauth.InvalidRequest, "token is missing", nil) }
