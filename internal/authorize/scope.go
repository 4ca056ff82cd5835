package authorize

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// readScope reads what is asked for. A request without a scope asks for the client's default.
func readScope(_ context.Context, _ *Authorizer, in input, r *Request) error {
	asked, err := oauth.ParseScopes(in.get("scope"))
	if err != nil {
		return err
	}
	if len(asked) == 0 {
		asked = r.Client.Default().Without(oauth.Scopes{oauth.ScopeOpenID})
	}
	r.Scope = asked
	return nil
}

func scopeIsAllowed(_ context.Context, _ *Authorizer, r *Request) error {
	return r.Scope.RefuseScope(r.Client.Scopes, "is not allowed for this client")
}

func readResource(_ context.Context, _ *Authorizer, in input, r *Request) error {
	r.Resources = in.all("resource")
	return nil
}

// resourceIsServed sets Audience: the resources that were asked for (RFC 8707), or else the client's own.
func resourceIsServed(_ context.Context, a *Authorizer, r *Request) error {
	var err error
	r.Audience, err = a.o.Resources.Resolve(r.Client, r.Resources)
	if len(r.Resources) == 0 {
		r.Audience = oauth.WithUserInfo(r.Audience, r.Scope, a.o.Issuer)
	}
	return err
}
