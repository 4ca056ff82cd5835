package endpoint

import (
	"net/http"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// schemeBearer is the scheme of an access token in the Authorization header.
const schemeBearer = "Bearer"

// authenticate returns the client that sent a request (RFC 6749 §2.3).
func authenticate(r *http.Request, p oauth.Params, clients *clientauth.Authenticator) (oauth.Client, error) {
	scheme, text, err := web.Authorization(r)
	if err != nil {
		return oauth.Client{}, err
	}
	return clients.Authenticate(r.Context(), clientauth.Request{Scheme: scheme, Header: text, Params: p})
}

// bearerOf returns the access token in the Authorization header of a request (RFC 6750 §2.1); "" when there
// is none.
func bearerOf(r *http.Request) (oauth.Token, error) {
	scheme, text, err := web.Authorization(r)
	if err != nil || !strings.EqualFold(scheme, schemeBearer) {
		return "", err
	}
	return oauth.Token(text), nil
}
