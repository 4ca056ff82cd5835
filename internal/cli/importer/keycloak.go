package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// keycloakClient holds the members of a client of Keycloak (ClientRepresentation) that are read.
type keycloakClient struct {
	ID             string           `json:"clientId"`
	Name           string           `json:"name"`
	Enabled        *bool            `json:"enabled"`
	Protocol       string           `json:"protocol"`
	Public         bool             `json:"publicClient"`
	BearerOnly     bool             `json:"bearerOnly"`
	Authenticator  string           `json:"clientAuthenticatorType"`
	Secret         secret.Text      `json:"secret"`
	RootURL        string           `json:"rootUrl"`
	RedirectURIs   []string         `json:"redirectUris"`
	Standard       bool             `json:"standardFlowEnabled"`
	Implicit       bool             `json:"implicitFlowEnabled"`
	Password       bool             `json:"directAccessGrantsEnabled"`
	ServiceAccount bool             `json:"serviceAccountsEnabled"`
	ConsentNeeded  bool             `json:"consentRequired"`
	DefaultScopes  []string         `json:"defaultClientScopes"`
	OptionalScopes []string         `json:"optionalClientScopes"`
	Attributes     keycloakTexts    `json:"attributes"`
	Mappers        []keycloakMapper `json:"protocolMappers"`
	Authorization  bool             `json:"authorizationServicesEnabled"`
	FrontChannel   bool             `json:"frontchannelLogout"`
}

// LogValue hides the secret from slog.
func (k keycloakClient) LogValue() slog.Value { return slog.StringValue("client " + k.ID) }

// keycloakMapper puts a claim into tokens.
type keycloakMapper struct {
	Name   string        `json:"name"`
	Kind   string        `json:"protocolMapper"`
	Config keycloakTexts `json:"config"`
}

// keycloakTexts are named texts. Some releases write a list of one, or null.
type keycloakTexts map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (t *keycloakTexts) UnmarshalJSON(raw []byte) error {
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	*t = keycloakTexts{}
	for name, value := range all {
		if list, isList := value.([]any); isList && len(list) == 1 {
			value = list[0]
		}
		switch value := value.(type) {
		case nil:
		case string:
			(*t)[name] = value
		default:
			(*t)[name] = console.Inline(value)
		}
	}
	return nil
}

// keycloakOwn returns the clients that every realm has for Keycloak itself.
func keycloakOwn() []string {
	return []string{"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"}
}

// keycloakMappers returns the client scopes that only carry Keycloak's own claims.
func keycloakMappers() []string {
	return []string{"acr", "basic", "microprofile-jwt", "role_list", "roles", "saml_organization", "service_account", "web-origins"}
}

// errNoKeycloak is the error about a file of another kind.
var errNoKeycloak = errors.New("is not an export of Keycloak; hint: oauth2d client import --help shows what is read")

// keycloakRealm holds the members of a realm that are read.
type keycloakRealm struct {
	Realm   string            `json:"realm"`
	ID      *string           `json:"clientId"`
	Clients []json.RawMessage `json:"clients"`
	Scopes  []keycloakScope   `json:"clientScopes"`
}

// keycloakScope is a client scope: a scope, or only a set of mappers.
type keycloakScope struct {
	Name       string           `json:"name"`
	Attributes keycloakTexts    `json:"attributes"`
	Mappers    []keycloakMapper `json:"protocolMappers"`
}

// readKeycloak reads realms and single clients.
func readKeycloak(values []json.RawMessage) ([]candidate, error) {
	var found []candidate
	for _, value := range values {
		var realm keycloakRealm
		err := json.Unmarshal(value, &realm)
		switch {
		case realm.ID != nil:
			realm = keycloakRealm{Clients: []json.RawMessage{value}}
		case err != nil || realm.Clients == nil:
			return nil, errNoKeycloak
		}
		shared := map[string]keycloakScope{}
		for _, scope := range realm.Scopes {
			shared[scope.Name] = scope
		}
		for i, raw := range realm.Clients {
			var k keycloakClient
			if err := json.Unmarshal(raw, &k); err != nil || k.ID == "" {
				why := "it has no clientId"
				if err != nil {
					why = misshapen(err)
				}
				found = append(found, unread(cmp.Or(k.ID, "entry "+strconv.Itoa(i+1)), why))
				continue
			}
			found = append(found, k.candidate(shared))
		}
	}
	return found, nil
}

func (k keycloakClient) candidate(shared map[string]keycloakScope) candidate {
	var c candidate
	m := &c.client.Client
	m.ID = oauth.ClientID(k.ID)
	if !strings.HasPrefix(k.Name, "${") { // otherwise it is a key of Keycloak's translations
		m.Name = k.Name
	}
	m.Disabled = k.Enabled != nil && !*k.Enabled
	m.Format = oauth.FormatJWT // as all access tokens of Keycloak are
	switch alg := k.Attributes["access.token.signed.response.alg"]; {
	case slices.Contains(supported().Algorithms, alg):
		m.Algorithm = alg
	case alg != "":
		c.lose("the algorithm %s of its access tokens is not served", alg)
	}
	c.skip, c.foreign = k.unfit()
	if k.Public {
		m.Method = oauth.AuthNone
	} else {
		c.setSecret(k.Secret.Reveal())
	}
	c.setGrants(k.grants())
	if slices.Contains(m.GrantTypes, "authorization_code") {
		c.setSkipConsent(!k.ConsentNeeded)
		k.addresses(&c)
	}
	k.scopes(&c, shared)
	k.mappers(&c, shared)
	k.losses(&c)
	m.Lifetimes.Access = k.seconds(&c, "access.token.lifespan")
	m.Lifetimes.RefreshIdle = k.seconds(&c, "client.session.idle.timeout")
	m.Lifetimes.RefreshAbsolute = k.seconds(&c, "client.session.max.lifespan")
	return c
}

// unfit returns the reason that a client cannot be imported, "" when it can; foreign: it belongs to Keycloak itself.
func (k keycloakClient) unfit() (why string, foreign bool) {
	switch {
	case slices.Contains(keycloakOwn(), k.ID) || strings.HasSuffix(k.ID, "-realm"):
		return "it is a client of Keycloak itself", true
	case k.Protocol != "" && k.Protocol != "openid-connect":
		return "it speaks " + k.Protocol, false
	case k.BearerOnly:
		return "it is bearer-only: register it if it introspects tokens", false
	case !k.Public && k.Authenticator != "" && k.Authenticator != "client-secret":
		return "it authenticates by " + k.Authenticator + ", which is not served", false
	}
	return "", false
}

func (k keycloakClient) grants() []string {
	names := []string{}
	if k.Standard {
		names = append(names, "authorization_code")
		if k.Attributes["use.refresh.tokens"] != "false" {
			names = append(names, "refresh_token")
		}
	}
	if k.ServiceAccount {
		names = append(names, "client_credentials")
	}
	served := len(names)
	if k.Implicit {
		names = append(names, "implicit")
	}
	if k.Password {
		names = append(names, "password")
	}
	for attribute, name := range map[string]string{
		"oauth2.device.authorization.grant.enabled": "device_code", "oidc.ciba.grant.enabled": "ciba", "standard.token.exchange.enabled": "token_exchange",
	} {
		if k.Attributes[attribute] == "true" {
			names = append(names, name)
		}
	}
	slices.Sort(names[served:])
	return names
}

// addresses imports redirect URIs and post-logout redirect URIs. In the latter "+" stands for the redirect URIs, "-" for
// none, and ## separates several.
func (k keycloakClient) addresses(c *candidate) {
	absolute := func(uri string) string {
		if strings.HasPrefix(uri, "/") {
			return strings.TrimSuffix(k.RootURL, "/") + uri
		}
		return uri
	}
	var redirects, logouts []string
	for _, uri := range k.RedirectURIs {
		redirects = append(redirects, absolute(uri))
	}
	for _, uri := range strings.Split(k.Attributes["post.logout.redirect.uris"], "##") {
		switch uri = strings.TrimSpace(uri); uri {
		case "", "-":
		case "+":
			logouts = append(logouts, redirects...)
		default:
			logouts = append(logouts, absolute(uri))
		}
	}
	// Report a pattern of both lists once.
	logouts = slices.DeleteFunc(logouts, func(uri string) bool { return strings.Contains(uri, "*") && slices.Contains(redirects, uri) })
	c.setRedirects(redirects, logouts)
}

func (k keycloakClient) scopes(c *candidate, shared map[string]keycloakScope) {
	var preset, all []string
	if k.Standard {
		preset = append(preset, "openid")
	}
	served := func(name string) bool {
		if name == "address" || name == "phone" { // every realm has them
			c.lose("the scope %s is not served", name)
			return false
		}
		return !slices.Contains(keycloakMappers(), name) && shared[name].Attributes["include.in.token.scope"] != "false"
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
	c.client.Scopes = all
	if len(preset) < len(all) {
		c.client.DefaultScopes = preset
	}
}

// seconds reads an attribute; 0 when it is missing or -1, which means that the realm decides.
func (k keycloakClient) seconds(c *candidate, name string) time.Duration {
	text := k.Attributes[name]
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && text != "" {
		c.lose("%s is not a number of seconds: the server's own time counts", name)
	}
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
