package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// mappers imports the mappers that have a counterpart: audiences, and claims with a fixed value. The mappers of the
// client's default scopes count as its own.
func (k keycloakClient) mappers(c *candidate, shared map[string]keycloakScope) {
	all := slices.Clone(k.Mappers)
	for _, name := range k.DefaultScopes {
		if !slices.Contains(keycloakMappers(), name) && !slices.Contains(keycloakStandard(), name) {
			all = append(all, shared[name].Mappers...)
		}
	}
	for _, mapper := range all {
		switch mapper.Kind {
		case "oidc-audience-mapper":
			mapper.audience(c)
		case "oidc-hardcoded-claim-mapper":
			mapper.claim(c)
		default:
			if !mapper.isOfServiceAccount() {
				c.lose("the mapper %q (%s) has no counterpart", mapper.Name, mapper.Kind)
			}
		}
	}
}

// keycloakStandard returns the client scopes whose mappers fill the claims of OpenID Connect.
func keycloakStandard() []string {
	return []string{"openid", "profile", "email", "address", "phone", "offline_access", "organization"}
}

// isOfServiceAccount reports whether a mapper is one of those that Keycloak itself puts on every client
// with a service account.
func (m keycloakMapper) isOfServiceAccount() bool {
	notes := []string{"clientId", "client_id", "clientHost", "clientAddress"}
	return m.Kind == "oidc-usersessionmodel-note-mapper" && slices.Contains(notes, m.Config["user.session.note"])
}

// reaches reports whether a mapper fills access tokens; static claims and audiences of this server do.
func (m keycloakMapper) reaches(c *candidate) bool {
	if m.Config["access.token.claim"] == "true" || m.Config["introspection.token.claim"] == "true" {
		return true
	}
	c.lose("the mapper %q does not fill access tokens, and others are not filled here", m.Name)
	return false
}

func (m keycloakMapper) audience(c *candidate) {
	name := cmp.Or(m.Config["included.custom.audience"], m.Config["included.client.audience"])
	if name == "" || !m.reaches(c) {
		return
	}
	if !slices.Contains(c.client.Audience, name) {
		c.client.Audience = append(c.client.Audience, name)
	}
}

func (m keycloakMapper) claim(c *candidate) {
	name, kind := m.Config["claim.name"], m.Config["jsonType.label"]
	switch {
	case !m.reaches(c):
	case strings.Contains(strings.ReplaceAll(name, `\.`, ""), "."):
		c.lose("the claim %s of the mapper %q stands within another one, which is not served", name, m.Name)
	case kind != "" && kind != "String":
		c.lose("the claim %s of the mapper %q is a %s; claims are text here", name, m.Name, kind)
	case oauth.ReservedClaim(strings.ReplaceAll(name, `\.`, ".")):
		c.lose("the claim %s of the mapper %q has a name that the server itself uses", name, m.Name)
	default:
		if c.client.Claims == nil {
			c.client.Claims = map[string]string{}
		}
		c.client.Claims[strings.ReplaceAll(name, `\.`, ".")] = m.Config["claim.value"]
	}
}

// losses notes the parts that have no counterpart here.
func (k keycloakClient) losses(c *candidate) {
	is := func(name string) bool { return k.Attributes[name] == "true" }
	has := func(name string) bool {
		return !slices.Contains([]string{"", "0", "any", "none", "{}", "[]"}, k.Attributes[name])
	}
	if uri := k.Attributes["backchannel.logout.url"]; uri != "" {
		c.lose("the back-channel logout URL %s is not taken", uri)
	}
	if uri := k.Attributes["frontchannel.logout.url"]; uri != "" && k.FrontChannel {
		c.lose("the front-channel logout URL %s is not taken", uri)
	}
	for _, one := range []struct {
		is   bool
		what string
	}{
		{has("client.secret.rotated"), "its earlier secret, which a rotation left valid, is not taken"},
		{has("client.secret.expiration.time"), "the end of its secret is not kept: it does not end by itself"},
		{is("tls.client.certificate.bound.access.tokens"), "tokens bound to a certificate are not served"},
		{is("dpop.bound.access.tokens"), "tokens bound by DPoP are not served"},
		{is("require.pushed.authorization.requests"), "pushed authorization requests are not served"},
		{has("request.object.signature.alg"), "request objects are not served"},
		{has("user.info.response.signature.alg"), "a signed answer of /userinfo is not served"},
		{has("id.token.encrypted.response.alg"), "encrypted ID tokens are not served"},
		{has("default.acr.values") || has("acr.loa.map"), "its levels of authentication (acr) are not taken"},
		{k.Attributes["pkce.code.challenge.method"] == "plain", "PKCE is always S256 here"},
		{k.Authorization, "authorization services (UMA) are not served"},
	} {
		if one.is {
			c.lose("%s", one.what)
		}
	}
}
