package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// keycloakClient is what we read of a client of Keycloak (ClientRepresentation).
type keycloakClient struct {
	ID             string            `json:"clientId"`
	Name           string            `json:"name"`
	Enabled        *bool             `json:"enabled"`
	Protocol       string            `json:"protocol"`
	Public         bool              `json:"publicClient"`
	BearerOnly     bool              `json:"bearerOnly"`
	Authenticator  string            `json:"clientAuthenticatorType"`
	Secret         string            `json:"secret"`
	RootURL        string            `json:"rootUrl"`
	RedirectURIs   []string          `json:"redirectUris"`
	Standard       bool              `json:"standardFlowEnabled"`
	Implicit       bool              `json:"implicitFlowEnabled"`
	Password       bool              `json:"directAccessGrantsEnabled"`
	ServiceAccount bool              `json:"serviceAccountsEnabled"`
	ConsentNeeded  bool              `json:"consentRequired"`
	DefaultScopes  []string          `json:"defaultClientScopes"`
	OptionalScopes []string          `json:"optionalClientScopes"`
	Attributes     map[string]string `json:"attributes"`
}

// keycloakOwn are the clients that every realm has for Keycloak itself.
func keycloakOwn() []string {
	return []string{"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"}
}

// keycloakMappers are client scopes that only carry Keycloak's own claims.
func keycloakMappers() []string {
	return []string{"acr", "basic", "microprofile-jwt", "role_list", "roles", "saml_organization", "service_account", "web-origins"}
}

// readKeycloak reads a realm, or one client.
func readKeycloak(raw []byte) ([]candidate, error) {
	var realm struct {
		Clients []keycloakClient `json:"clients"`
		keycloakClient
	}
	err := json.Unmarshal(raw, &realm)
	switch {
	case err == nil && realm.ID != "":
		realm.Clients = []keycloakClient{realm.keycloakClient}
	case err != nil || realm.Clients == nil:
		return nil, errors.New("is not an export of Keycloak; hint: oauth2d client import --help tells what is read")
	}
	var found []candidate
	for _, k := range realm.Clients {
		found = append(found, k.candidate())
	}
	return found, nil
}

func (k keycloakClient) candidate() candidate {
	var c candidate
	m := &c.client.ClientMetadata
	c.client.ID = k.ID
	if !strings.HasPrefix(k.Name, "${") { // else a text of Keycloak's own pages
		m.Name = k.Name
	}
	m.Disabled = k.Enabled != nil && !*k.Enabled
	m.Format = "jwt" // as all access tokens of Keycloak are
	if alg := k.Attributes["access.token.signed.response.alg"]; slices.Contains([]string{"ES256", "RS256", "PS256", "EdDSA"}, alg) {
		m.Algorithm = alg
	}
	c.skip = k.unfit()
	if k.Public {
		m.Method = "none"
	} else {
		c.setSecret(k.Secret)
	}
	c.setGrants(k.grants())
	if slices.Contains(m.GrantTypes, "authorization_code") {
		m.SkipConsent = !k.ConsentNeeded
		k.addresses(&c)
	}
	k.scopes(&c)
	m.Lifetimes.Access = k.seconds("access.token.lifespan")
	m.Lifetimes.RefreshIdle = k.seconds("client.session.idle.timeout")
	m.Lifetimes.RefreshAbsolute = k.seconds("client.session.max.lifespan")
	return c
}

// unfit tells why a client cannot be one of ours; "" when it can.
func (k keycloakClient) unfit() string {
	switch {
	case slices.Contains(keycloakOwn(), k.ID) || strings.HasSuffix(k.ID, "-realm"):
		return "it is a client of Keycloak itself"
	case k.Protocol != "" && k.Protocol != "openid-connect":
		return "it speaks " + k.Protocol
	case k.BearerOnly:
		return "it is bearer-only: register it if it introspects tokens"
	case !k.Public && k.Authenticator != "" && k.Authenticator != "client-secret":
		return "it proves itself by " + k.Authenticator + ", which is not served"
	}
	return ""
}

func (k keycloakClient) grants() []string {
	var names []string
	if k.Standard {
		names = append(names, "authorization_code")
		if k.Attributes["use.refresh.tokens"] != "false" {
			names = append(names, "refresh_token")
		}
	}
	if k.ServiceAccount {
		names = append(names, "client_credentials")
	}
	if k.Implicit {
		names = append(names, "implicit")
	}
	if k.Password {
		names = append(names, "password")
	}
	return names
}

// addresses takes redirect URIs. A pattern is no address: it is left out.
func (k keycloakClient) addresses(c *candidate) {
	m := &c.client.ClientMetadata
	take := func(uris []string) (kept []string) {
		for _, uri := range uris {
			if strings.HasPrefix(uri, "/") {
				uri = strings.TrimSuffix(k.RootURL, "/") + uri
			}
			if strings.Contains(uri, "*") {
				c.note("the pattern %s is no redirect URI", uri)
				continue
			}
			kept = append(kept, uri)
		}
		return kept
	}
	m.RedirectURIs = take(k.RedirectURIs)
	if slices.ContainsFunc(m.RedirectURIs, isLoopback) {
		m.Type = "native"
	}
	if len(m.RedirectURIs) == 0 && c.skip == "" {
		c.skip = "it has no redirect URI that is an address"
	}
	switch logouts := k.Attributes["post.logout.redirect.uris"]; logouts {
	case "", "-":
	case "+":
		m.PostLogoutURIs = m.RedirectURIs
	default:
		m.PostLogoutURIs = take(strings.Split(logouts, "##"))
	}
}

func (k keycloakClient) scopes(c *candidate) {
	var preset, all []string
	if k.Standard {
		preset = append(preset, "openid")
	}
	served := func(name string) bool {
		if name == "address" || name == "phone" { // every realm has them
			c.note("the scope %s is not served", name)
			return false
		}
		return !slices.Contains(keycloakMappers(), name)
	}
	for _, name := range k.DefaultScopes {
		if served(name) {
			preset = append(preset, name)
		}
	}
	all = slices.Clone(preset)
	for _, name := range k.OptionalScopes {
		if served(name) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	c.client.Scope = strings.Join(all, " ")
	if len(preset) < len(all) {
		c.client.DefaultScope = strings.Join(preset, " ")
	}
}

// seconds reads an attribute; 0 when there is none.
func (k keycloakClient) seconds(name string) int64 {
	n, err := strconv.ParseInt(k.Attributes[name], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
