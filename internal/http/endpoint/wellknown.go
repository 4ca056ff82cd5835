package endpoint

import (
	"net/http"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// documentLife is the time for which caches may keep the metadata and the keys. A signing key is published
// for longer than this before it is used.
const documentLife = 5 * time.Minute

// Metadata holds the settings that the server's metadata publishes.
type Metadata struct {
	Issuer         string // the prefix of every URL, whatever the Host of the request
	EndpointPrefix string // between the issuer and the endpoints, "" or "/…"
	Supported      oauth.Supported
	Scopes         []string
	Algorithms     []string // the signing algorithms of ID tokens
	AllowSelf      bool     // a token may be introspected by presenting it (introspection.allow_self)
}

// serverMetadata is the document of RFC 8414 §2 and OIDC Discovery §3 in one: readers ignore the members of the other
// standard.
type serverMetadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint,omitempty"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	Scopes                []string `json:"scopes_supported,omitempty"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported,omitempty"`
	GrantTypes            []string `json:"grant_types_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported,omitempty"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	// Not omitted when false: absence means true (OIDC Discovery §3).
	RequestURIParameter bool     `json:"request_uri_parameter_supported"`
	ClaimsParameter     bool     `json:"claims_parameter_supported"`
	SubjectTypes        []string `json:"subject_types_supported,omitempty"`
	IDTokenAlgorithms   []string `json:"id_token_signing_alg_values_supported,omitempty"`
	Claims              []string `json:"claims_supported,omitempty"`
	Prompts             []string `json:"prompt_values_supported,omitempty"`
}

// WellKnown serves the metadata, one document under all its names.
type WellKnown struct{ document document }

// NewWellKnown returns the document, which does not change while the server runs.
func NewWellKnown(m Metadata) (*WellKnown, error) {
	d, err := newDocument(m.document())
	return &WellKnown{document: d}, err
}

// Serve answers a metadata request.
func (e *WellKnown) Serve(w http.ResponseWriter, r *http.Request) error {
	e.document.serve(w, r)
	return nil
}

// confidential returns the methods by which a client proves itself: a public client introspects no token but
// its own (RFC 7662 §2.1).
func (m Metadata) confidential() []string {
	names := []string{}
	for _, one := range m.Supported.AuthMethods {
		if !one.Public {
			names = append(names, string(one.Name))
		}
	}
	return names
}

func (m Metadata) document() serverMetadata {
	at := func(path string) string { return m.Issuer + m.EndpointPrefix + path }
	grantTypes, methods := m.Supported.GrantTypeNames(), m.Supported.AuthMethodNames()
	d := serverMetadata{
		Issuer:                m.Issuer,
		TokenEndpoint:         at(web.PathToken),
		JWKSURI:               m.Issuer + web.PathJWKS,
		RevocationEndpoint:    at(web.PathRevoke),
		IntrospectionEndpoint: at(web.PathIntrospect),
		Scopes:                m.Scopes,
		ResponseTypes:         []string{},
		GrantTypes:            grantTypes,
		TokenAuth:             methods,
		RevocationAuth:        methods,
		IntrospectionAuth:     m.confidential(),
	}
	if m.AllowSelf {
		d.IntrospectionAuth = append(d.IntrospectionAuth, schemeBearer) // a token type: RFC 8414 §2 allows it here
	}
	if slices.Contains(grantTypes, oauth.GrantAuthorizationCode) {
		d.AuthorizationEndpoint = at(web.PathAuthorize)
		d.ResponseTypes = []string{"code"}
		d.ResponseModes = []string{string(oauth.ModeQuery), string(oauth.ModeFormPost)}
		d.ChallengeMethods = []string{oauth.MethodS256}
		d.IssParameter = true // RFC 9207 §3
		d.Prompts = []string{"none", "login", "consent", "select_account"}
	}
	if d.AuthorizationEndpoint != "" && slices.Contains(m.Scopes, oauth.ScopeOpenID) {
		d.UserInfoEndpoint = at(web.PathUserInfo)
		d.SubjectTypes = []string{"public"}
		d.IDTokenAlgorithms = m.Algorithms
		d.Claims = []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
			"name", "preferred_username", "email", "email_verified",
		}
	}
	return d
}
