package endpoint

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Introspect is the introspection endpoint (RFC 7662).
type Introspect struct {
	Callers *Callers
	Tokens  *token.Tokens
	Limits  *ratelimit.Limiter
}

// Serve answers an authenticated caller with the state of a token.
func (e *Introspect) Serve(w http.ResponseWriter, r *http.Request) error {
	params, err := readForm(r, "token")
	if err != nil {
		return err
	}
	caller, err := e.Callers.introspecting(r, params)
	if err != nil {
		return err
	}
	if err := e.Limits.Client(r.Context(), ratelimit.Introspect, caller); err != nil {
		return err
	}
	text := oauth.Token(params.Get("token"))
	if text == "" {
		return missingToken().About(oauth.Facts{Client: caller.ID})
	}
	answer, err := e.Tokens.Introspect(r.Context(), caller, text)
	if err != nil {
		return err
	}
	return web.JSON(w, answer)
}
