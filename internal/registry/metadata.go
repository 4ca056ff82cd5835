package registry

import (
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// check holds a client against the rules of its metadata (RFC 7591 §2): those of each property by itself,
// which package clientmeta owns, and those that compare several properties.
func (r *Registry) check(c oauth.Client) error {
	if err := checkID(c.ID); err != nil {
		return err
	}
	if err := clientmeta.Check(c, r.o.Served); err != nil {
		return err
	}
	for _, rule := range []func(oauth.Client) error{checkRefresh, checkPublic, checkRedirect, checkDefaultScope, checkSecretCount} {
		if err := rule(c); err != nil {
			return err
		}
	}
	return nil
}

func checkRefresh(c oauth.Client) error {
	if c.MayUse(oauth.GrantRefreshToken) && !c.MayUse(oauth.GrantAuthorizationCode) {
		return refuse("grant_types", "grant_types has refresh_token without a grant type that issues refresh tokens")
	}
	return nil
}

// checkPublic refuses properties that need a client that authenticates.
func checkPublic(c oauth.Client) error {
	switch {
	case !c.Public():
		return nil
	case c.MayUse(oauth.GrantClientCredentials):
		return refuse("grant_types", "a public client may not use client_credentials") // RFC 6749 §4.4
	case c.Introspection == oauth.IntrospectAny:
		return refuse("introspection", "a public client may not introspect every token")
	case c.Rotation == oauth.RotateNever:
		return refuse("refresh_token_rotation", "the refresh tokens of a public client rotate") // OAuth 2.1 §4.3.1
	case len(c.Secrets) > 0:
		return refuse("client_secret", "a public client has no secret")
	}
	return nil
}

func checkRedirect(c oauth.Client) error {
	if c.MayUse(oauth.GrantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		return oauth.Refuse(oauth.InvalidRedirectURI, "redirect_uris is missing: authorization_code needs one", nil).At("redirect_uris")
	}
	return nil
}

func checkDefaultScope(c oauth.Client) error {
	if !c.DefaultScopes.Within(c.Scopes) {
		return refuse("default_scope", "the default scope is not within the scope")
	}
	return nil
}

func checkSecretCount(c oauth.Client) error {
	if len(c.Secrets) > maxSecrets {
		return refuse("", "a client has at most 10 secrets")
	}
	return nil
}
