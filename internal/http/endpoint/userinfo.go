package endpoint

import (
	"errors"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// UserInfo answers the holder of an access token with the claims of its user (OIDC Core §5.3). A token that is for
// other resource servers only is refused: any of those could present it here.
type UserInfo struct {
	Tokens *token.Tokens
	People *directory.Directory
	Issuer string // the audience of a token for this endpoint
}

// userClaims are the claims of OIDC Core §5.1 that the built-in directory has.
type userClaims struct {
	Subject       string `json:"sub"`
	Name          string `json:"name,omitempty"`
	Username      string `json:"preferred_username,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
}

// Serve answers with the claims that the scope of the token allows.
func (e *UserInfo) Serve(w http.ResponseWriter, r *http.Request) error {
	shown, err := accessTokenOf(r)
	if err != nil {
		return err
	}
	access, dead, err := e.Tokens.InspectBearer(r.Context(), shown)
	if err != nil {
		return err
	}
	about := oauth.Facts{Client: access.Client}
	switch {
	case dead != "":
		return invalidToken(dead.Cause()).About(about)
	case !access.OfUser():
		return invalidToken(errNoUser).About(about)
	}
	about.User = oauth.UserID(access.Subject)
	switch {
	case !access.For(e.Issuer):
		return invalidToken(errOtherAudience).About(about)
	case !access.Scope.Has(oauth.ScopeOpenID):
		return oauth.Refuse(oauth.InsufficientScope, "the access token lacks the scope openid", nil).About(about)
	}
	user, err := e.People.Get(r.Context(), oauth.UserID(access.Subject))
	switch {
	case errors.Is(err, store.Absent):
		return invalidToken(errUserGone).About(about)
	case err != nil:
		return oauth.Unavailable(err)
	case user.Disabled:
		return invalidToken(errUserDisabled).About(about)
	}
	return web.JSON(w, claimsOf(user, access.Scope))
}

func claimsOf(u oauth.User, scope oauth.Scopes) userClaims {
	claims := userClaims{Subject: string(u.ID)}
	if scope.Has(oauth.ScopeProfile) {
		claims.Name, claims.Username = u.DisplayName, u.Name
	}
	if scope.Has(oauth.ScopeEmail) && u.Email != "" {
		claims.Email, claims.EmailVerified = u.Email, &u.EmailVerified
	}
	return claims
}

// accessTokenOf reads the access token of a resource request: in the header, or in the form of a
// POST (RFC 6750 §2.1, §2.2). Never in the query, where logs would keep it, and never twice (§2).
// A body that is not a form carries no token and is not read: libraries send an empty or a JSON body
// beside the header.
func accessTokenOf(r *http.Request) (oauth.Token, error) {
	if query, _ := readQuery(r); query.Has("access_token") {
		return "", oauth.Refuse(oauth.InvalidRequest, "the access token must not be in the query", nil)
	}
	shown, err := bearerOf(r)
	if err != nil {
		return "", err
	}
	if r.Method == http.MethodPost && isForm(r) {
		params, err := readForm(r, "access_token")
		if err != nil && shown == "" {
			return "", err
		}
		inBody := oauth.Token(params.Get("access_token"))
		if shown != "" && inBody != "" {
			return "", oauth.Refuse(oauth.InvalidRequest, "the access token is sent twice", nil)
		}
		shown += inBody
	}
	if shown == "" {
		return "", oauth.Refuse(oauth.InvalidToken, "an access token is needed", nil)
	}
	return shown, nil
}

// Why an access token is refused. Its bearer reads the same words in all cases; these are for the audit log.
var (
	errOtherAudience = errors.New("it was issued for another audience")
	errNoUser        = errors.New("it was issued to a client without a user")
	errUserGone      = errors.New("its user was deleted")
	errUserDisabled  = errors.New("its user is disabled")
)

func invalidToken(reason error) *oauth.Error {
	return oauth.Refuse(oauth.InvalidToken, "the access token is not valid", reason)
}
