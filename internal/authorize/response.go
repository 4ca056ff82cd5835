package authorize

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// refuseObject refuses request objects and references to them, which are not supported. Nothing is fetched to
// find that out (RFC 9101 §10.4).
func refuseObject(_ context.Context, _ *Authorizer, in input, _ *Request) error {
	switch {
	case in.get("request_uri") != "":
		return oauth.Refuse(oauth.RequestURINotSupported, "request_uri is not supported", nil)
	case in.get("request") != "":
		return oauth.Refuse(oauth.RequestNotSupported, "request objects are not supported", nil)
	}
	return nil
}

func readResponse(_ context.Context, _ *Authorizer, in input, _ *Request) error {
	switch in.get("response_type") {
	case "code":
	case "":
		return oauth.Refuse(oauth.InvalidRequest, "response_type is missing", nil)
	default: // neither implicit nor hybrid (RFC 9700 §2.1.2)
		return oauth.Refuse(oauth.UnsupportedResponseType, "only response_type code is supported", nil)
	}
	switch in.get("response_mode") {
	case "", string(oauth.ModeQuery), string(oauth.ModeFormPost):
		return nil
	}
	return oauth.Refuse(oauth.InvalidRequest, "response_mode is not supported", nil)
}

// grantDeviceCode is the grant type that a device authorization request leads to (RFC 8628 §3.4).
const grantDeviceCode = "urn:ietf:params:oauth:grant-type:device_code"

func grantTypeIsAllowed(_ context.Context, _ *Authorizer, r *Request) error {
	grantType, name := oauth.GrantAuthorizationCode, "authorization code"
	if r.At == AtDevice {
		grantType, name = grantDeviceCode, "device code"
	}
	if !r.Client.MayUse(grantType) {
		return oauth.Refuse(oauth.UnauthorizedClient, "this client may not use the "+name+" grant", nil)
	}
	return nil
}

// readChallenge requires PKCE with S256 of every client (RFC 9700 §2.1.1, OAuth 2.1 §4.1.1).
func readChallenge(_ context.Context, _ *Authorizer, in input, r *Request) error {
	r.Challenge = in.get("code_challenge")
	switch {
	case r.Challenge == "":
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is missing", nil)
	case in.get("code_challenge_method") != oauth.MethodS256:
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge_method must be S256", nil)
	case !oauth.CheckChallenge(r.Challenge):
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is not a base64url SHA-256", nil)
	}
	return nil
}
