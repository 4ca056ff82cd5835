package registry

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// check holds a client against the rules of its metadata (RFC 7591 §2): those of each property by itself,
// which package clientmeta owns, and those that compare several properties.
func (r *Registry) check(c oauth.Client) error {
	if err := checkID(c.ID); err != nil {
		return err
	}
	if err := clientmeta.Check(c, r.served); err != nil {
		return err
	}
	for _, rule := range []func(oauth.Client) error{r.checkMethod, r.checkRefresh, r.checkPublic, r.checkRedirect, checkDefaultScope, checkSecretCount} {
		if err := rule(c); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) checkMethod(c oauth.Client) error {
	if len(c.Secrets) > 0 && !r.hasSecret(c) {
		return noSecret(c)
	}
	return nil
}

// hasSecret reports whether a client authenticates by a client_secret.
func (r *Registry) hasSecret(c oauth.Client) bool {
	method, ok := r.o.Supported.AuthMethod(c.Method)
	return ok && method.Secret
}

func noSecret(c oauth.Client) error {
	if c.Public() {
		return refuse("client_secret", "a public client has no secret")
	}
	return refuse("client_secret", "a client that authenticates by "+string(c.Method)+" has no secret")
}

// grantTypes returns the descriptions of a client's grant types.
func (r *Registry) grantTypes(c oauth.Client) []oauth.GrantType {
	var all []oauth.GrantType
	for _, name := range c.GrantTypes {
		if one, ok := r.o.Supported.GrantType(name); ok {
			all = append(all, one)
		}
	}
	return all
}

func (r *Registry) checkRefresh(c oauth.Client) error {
	issues := func(g oauth.GrantType) bool { return g.Refreshable }
	if c.MayUse(oauth.GrantRefreshToken) && !slices.ContainsFunc(r.grantTypes(c), issues) {
		return refuse("grant_types", "grant_types has refresh_token without a grant type that issues refresh tokens")
	}
	return nil
}

// checkPublic refuses properties that need a client that authenticates.
func (r *Registry) checkPublic(c oauth.Client) error {
	if !c.Public() {
		return nil
	}
	for _, grant := range r.grantTypes(c) {
		if !grant.Public {
			return refuse("grant_types", "a public client may not use "+grant.Name) // RFC 6749 §4.4
		}
	}
	switch {
	case c.Introspection == oauth.IntrospectAny:
		return refuse("introspection", "a public client may not introspect every token")
	case c.Rotation == oauth.RotateNever:
		return refuse("refresh_token_rotation", "the refresh tokens of a public client rotate") // OAuth 2.1 §4.3.1
	}
	return nil
}

func (r *Registry) checkRedirect(c oauth.Client) error {
	for _, grant := range r.grantTypes(c) {
		if grant.RedirectURI && len(c.RedirectURIs) == 0 {
			return oauth.Refuse(oauth.InvalidRedirectURI, "redirect_uris is missing: "+grant.Name+" needs one", nil).At("redirect_uris")
		}
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
