package authorize

import (
	"context"
	"errors"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// chain is every check of an authorization request, in order.
var chain = []struct {
	name  string
	check func(a *Authorizer, ctx context.Context, p *Pending, parse error) error
}{
	{"client", checkClient},
	{"redirect", checkRedirect}, // from here on errors go back to the client
	{"parameters", checkParameters},
	{"request object", checkObject},
	{"response", checkResponse},
	{"pkce", checkPKCE},
	{"scope", checkScope},
	{"resource", checkResource},
	{"prompt", checkPrompt},
	{"hint", checkHint},
}

// parameters are those that the chain reads. No other one travels in an interaction.
func parameters() []string {
	return []string{
		"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
		"resource", "prompt", "max_age", "login_hint", "ui_locales", "id_token_hint", "request", "request_uri",
	}
}

// Why a client may not ask, where the person is told the same words: for the audit log only.
var (
	errUnknownClient  = errors.New("the client is not registered")
	errDisabledClient = errors.New("the client is disabled")
)

func checkClient(a *Authorizer, ctx context.Context, p *Pending, parse error) error {
	id := p.params.Get("client_id")
	if id == "" {
		return oauth.Refuse(oauth.InvalidRequest, "client_id is missing, or sent twice", parse)
	}
	client, err := a.o.Registry.Client(ctx, oauth.ClientID(id))
	switch {
	case errors.Is(err, store.Absent):
		return oauth.Refuse(oauth.InvalidRequest, "no such client", errUnknownClient)
	case err != nil:
		return oauth.Unavailable(err)
	}
	p.Client = client
	if client.Disabled {
		return oauth.Refuse(oauth.InvalidRequest, "no such client", errDisabledClient)
	}
	return nil
}

// checkRedirect decides where the answer may go; until then nothing is ever sent back.
func checkRedirect(a *Authorizer, _ context.Context, p *Pending, parse error) error {
	sent := p.params.Get("redirect_uri")
	target := sent
	if sent == "" {
		// Left out by an OAuth client with just one; OIDC Core §3.1.2.1 requires it. A parse error
		// means it may have been sent twice.
		openID := slices.Contains(p.scopes(), oauth.ScopeOpenID)
		if len(p.Client.RedirectURIs) != 1 || openID || parse != nil {
			return oauth.Refuse(oauth.InvalidRequest, "redirect_uri is missing, or sent twice", parse)
		}
		target = p.Client.RedirectURIs[0]
	} else if !p.Client.Owns(sent) {
		return oauth.Refuse(oauth.InvalidRequest, "redirect_uri does not match any registered one for this client", nil)
	}
	p.Return = oauth.Return{URI: target, State: p.params.Get("state"), Issuer: a.o.Issuer, Mode: oauth.ModeQuery}
	if p.params.Get("response_mode") == string(oauth.ModeFormPost) {
		p.Return.Mode = oauth.ModeFormPost
	}
	return nil
}

// scopes reads the scope leniently, for a decision that must be made before scope is checked.
func (p *Pending) scopes() oauth.Scopes {
	scopes, _ := oauth.ParseScopes(p.params.Get("scope"))
	return scopes
}

func checkParameters(_ *Authorizer, _ context.Context, _ *Pending, parse error) error { return parse }

// checkObject refuses what would make the server fetch or trust an object it does not support;
// nothing is fetched to find that out (RFC 9101 §10.4).
func checkObject(_ *Authorizer, _ context.Context, p *Pending, _ error) error {
	switch {
	case p.params.Has("request_uri"):
		return oauth.Refuse(oauth.RequestURINotSupported, "request_uri is not supported", nil)
	case p.params.Has("request"):
		return oauth.Refuse(oauth.RequestNotSupported, "request objects are not supported", nil)
	}
	return nil
}

func checkResponse(_ *Authorizer, _ context.Context, p *Pending, _ error) error {
	switch p.params.Get("response_type") {
	case "code":
	case "":
		return oauth.Refuse(oauth.InvalidRequest, "response_type is missing", nil)
	default: // no implicit, no hybrid (RFC 9700 §2.1.2)
		return oauth.Refuse(oauth.UnsupportedResponseType, "only response_type code is supported", nil)
	}
	switch p.params.Get("response_mode") {
	case "", string(oauth.ModeQuery), string(oauth.ModeFormPost):
	default:
		return oauth.Refuse(oauth.InvalidRequest, "response_mode is not supported", nil)
	}
	if !p.Client.MayUse(oauth.GrantAuthorizationCode) {
		return oauth.Refuse(oauth.UnauthorizedClient, "this client may not use the authorization code grant", nil)
	}
	return nil
}

// checkPKCE demands S256 of every client (RFC 9700 §2.1.1, OAuth 2.1 §4.1.1).
func checkPKCE(_ *Authorizer, _ context.Context, p *Pending, _ error) error {
	p.challenge = p.params.Get("code_challenge")
	switch {
	case p.challenge == "":
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is missing", nil)
	case p.params.Get("code_challenge_method") != oauth.MethodS256:
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge_method must be S256", nil)
	case !oauth.CheckChallenge(p.challenge):
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is not a base64url SHA-256", nil)
	}
	return nil
}

func checkScope(_ *Authorizer, _ context.Context, p *Pending, _ error) error {
	asked, err := oauth.ParseScopes(p.params.Get("scope"))
	if err != nil {
		return err
	}
	if len(asked) == 0 {
		asked = p.Client.Default().Without(oauth.Scopes{oauth.ScopeOpenID})
	}
	if err := asked.RefuseScope(p.Client.Scopes, "is none that this client may have"); err != nil {
		return err
	}
	p.Scope = asked
	p.nonce = p.params.Get("nonce")
	return nil
}

func checkResource(a *Authorizer, _ context.Context, p *Pending, _ error) error {
	var err error
	asked := p.params.All("resource")
	p.Audience, err = a.o.Resources.Resolve(p.Client, asked)
	if len(asked) == 0 {
		p.Audience = oauth.WithUserInfo(p.Audience, p.Scope, a.o.Issuer)
	}
	return err
}

func checkPrompt(_ *Authorizer, _ context.Context, p *Pending, _ error) error {
	var err error
	p.prompt, err = parsePrompt(p.params.Get("prompt"), p.params.Get("max_age"))
	p.LoginHint, p.Locales = p.params.Get("login_hint"), p.params.Get("ui_locales")
	return err
}

// checkHint reads whom the client expects (OIDC Core §3.1.2.1). A hint that we did not issue to this client is an
// error: to ignore it would be to answer for somebody else.
func checkHint(a *Authorizer, ctx context.Context, p *Pending, _ error) error {
	hint := p.params.Get("id_token_hint")
	if hint == "" {
		return nil
	}
	var err error
	if p.hinted, err = token.PersonOf(a.o.Ring, a.o.Issuer, p.Client.ID, hint); err != nil {
		return oauth.Refuse(oauth.InvalidRequest, "id_token_hint was not issued by this server to this client, or too long ago", err)
	}
	if p.LoginHint != "" || a.o.People == nil {
		return nil
	}
	person, err := a.o.People.Get(ctx, p.hinted)
	switch {
	case err == nil:
		p.LoginHint = person.Name
	case !errors.Is(err, store.Absent): // of somebody who is gone, nothing is filled in
		return oauth.Unavailable(err)
	}
	return nil
}
