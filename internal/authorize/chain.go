package authorize

import (
	"context"
	"slices"
)

// check is one row of the table. read takes parameters into the request, once. holds compares the request with
// the client's registration and the settings, each time that the request comes back: a scope that was
// taken from the client meanwhile is refused. holds must work from the Request alone.
type check struct {
	name       string
	at         Endpoint // where the check runs
	parameters []string // those that read sees; every other one is hidden from it
	read       func(ctx context.Context, a *Authorizer, in input, r *Request) error
	holds      func(ctx context.Context, a *Authorizer, r *Request) error
}

const (
	everywhere = AtAuthorize | AtPAR | AtDevice
	viaBrowser = AtAuthorize | AtPAR // requests whose answer goes to a redirect URI
)

// chain is the table: every check of an authorization request, in order. A parameter that no row names is
// ignored (RFC 6749 §3.1).
//
// From the redirect URI on, errors go back to the client.
var chain = []check{
	// name           endpoints   parameters                                  once           each time
	{"client", everywhere, []string{"client_id"}, readClient, clientIsEnabled},
	{"redirect URI", viaBrowser, []string{"redirect_uri", "state", "response_mode", "scope"}, readRedirect, redirectIsRegistered},
	{"well-formed", everywhere, nil, refuseMalformed, nil},
	{"request object", viaBrowser, []string{"request", "request_uri"}, refuseObject, nil},
	{"response", viaBrowser, []string{"response_type", "response_mode"}, readResponse, nil},
	{"grant type", everywhere, nil, nil, grantTypeIsAllowed},
	{"PKCE", viaBrowser, []string{"code_challenge", "code_challenge_method"}, readChallenge, nil},
	{"scope", everywhere, []string{"scope"}, readScope, scopeIsAllowed},
	{"nonce", viaBrowser, []string{"nonce"}, readNonce, nil},
	{"resource", everywhere, []string{"resource"}, readResource, resourceIsServed},
	{"prompt", viaBrowser, []string{"prompt", "max_age", "login_hint", "ui_locales"}, readPrompt, nil},
	{"hint", viaBrowser, []string{"id_token_hint"}, readHint, nil},
}

// input holds the parameters that one check may read: those that its row names.
type input struct {
	visible []string
	sent    Sent
}

func (in input) get(name string) string {
	if !slices.Contains(in.visible, name) {
		return ""
	}
	return in.sent.Get(name)
}

func (in input) all(name string) []string {
	if !slices.Contains(in.visible, name) {
		return nil
	}
	return in.sent.All(name)
}
