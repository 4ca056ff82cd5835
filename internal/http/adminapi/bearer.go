package adminapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Bearer authenticates operators by access tokens of this server (RFC 6750 §2.1).
//
// A client's token has the scopes that the client may still ask for. A user's token counts only while the settings
// list the user as an operator: any client may ask any user for any scope it is registered for, so consent alone
// must not create an operator.
type Bearer struct {
	Admin     *admin.Admin
	Tokens    *token.Tokens
	Registry  *registry.Registry
	Limits    *ratelimit.Limiter
	Audiences []string // the audiences of this server; a token without audience is also accepted
}

// Operator implements Callers.
func (b Bearer) Operator(r *http.Request) (admin.Operator, error) {
	scheme, text, err := web.Authorization(r)
	if err != nil || !strings.EqualFold(scheme, "Bearer") || text == "" {
		return admin.Operator{}, oauth.Refuse(oauth.InvalidToken, "an access token is needed", err)
	}
	access, dead, err := b.Tokens.InspectBearer(r.Context(), oauth.Token(text))
	if err != nil {
		return admin.Operator{}, err
	}
	about := oauth.Facts{Actor: access.Subject, Client: access.Client}
	switch {
	case dead != "":
		return admin.Operator{}, notValid(dead.Cause()).About(about)
	case !access.For(b.Audiences...):
		return admin.Operator{}, notValid(errOtherAudience).About(about)
	}
	client, err := b.Registry.Client(r.Context(), access.Client)
	switch {
	case errors.Is(err, store.Absent):
		return admin.Operator{}, notValid(errClientGone).About(about)
	case err != nil:
		return admin.Operator{}, oauth.Unavailable(err)
	case client.Disabled:
		return admin.Operator{}, notValid(errClientDisabled).About(about)
	}
	if err := b.Limits.Client(r.Context(), ratelimit.Admin, client); err != nil {
		return admin.Operator{}, err
	}
	scopes := access.Scope.Only(client.Scopes)
	if access.OfUser() {
		user, err := b.Admin.User(r.Context(), oauth.UserID(access.Subject))
		switch {
		case errors.Is(err, store.Absent):
			return admin.Operator{}, notValid(errUserGone).About(about)
		case err != nil:
			return admin.Operator{}, err
		case user.Disabled:
			return admin.Operator{}, notValid(errUserDisabled).About(about)
		case !b.Admin.IsOperator(user.User):
			scopes = nil
		}
	}
	return b.Admin.By(access.Subject, scopes), nil
}

// The reasons for refusing a token. They are for the audit log only: the caller gets one answer for all of them.
var (
	errOtherAudience  = errors.New("it was issued for another audience")
	errClientGone     = errors.New("its client was deleted")
	errClientDisabled = errors.New("its client is disabled")
	errUserGone       = errors.New("its user was deleted")
	errUserDisabled   = errors.New("its user is disabled")
)

func notValid(reason error) *oauth.Error {
	return oauth.Refuse(oauth.InvalidToken, "the access token is not valid here", reason)
}

// Trusted treats every caller as one operator with all scopes. Never put it behind a listener: it is for a program
// that holds the server's own settings, and could do everything without it.
type Trusted struct {
	Admin *admin.Admin
	Name  string
}

// Operator implements Callers.
func (t Trusted) Operator(*http.Request) (admin.Operator, error) {
	return t.Admin.By(t.Name, oauth.Scopes{admin.All}), nil
}
