package web

// The paths of all routes. The endpoints of OAuth are below the issuer and the endpoint prefix,
// the rest is below the issuer.
const (
	PathAuthorize  = "/authorize"
	PathToken      = "/token"
	PathRevoke     = "/revoke"
	PathIntrospect = "/introspect"
	PathUserInfo   = "/userinfo"

	PathLogin    = "/login"
	PathPassword = "/password"
	PathConsent  = "/consent"
	PathAccount  = "/account"
	PathLogout   = "/logout"
	PathStatic   = "/static/"

	PathJWKS        = "/.well-known/jwks.json"
	PathHealth      = "/health"
	PathHealthLive  = "/health/live"
	PathHealthReady = "/health/ready"
	PathMetrics     = "/metrics"

	// Clients request the metadata below the issuer, or with this in front of the issuer's path.
	PathServerMetadata = "/.well-known/oauth-authorization-server" // RFC 8414 §3
	PathOpenIDConfig   = "/.well-known/openid-configuration"       // OIDC Discovery §4
)

// ParamInteraction is the parameter that passes a pending authorization request to the pages and back.
const ParamInteraction = "interaction"

// ParamRestart requests a new interaction with the parameters of one that was answered.
const ParamRestart = "restart"
