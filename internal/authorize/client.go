package authorize

import (
	"context"
	"errors"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Why a client may not ask. The person reads the same words in both cases; these are for the audit log.
var (
	errUnknownClient  = errors.New("the client is not registered")
	errDisabledClient = errors.New("the client is disabled")
)

func readClient(_ context.Context, _ *Authorizer, in input, r *Request) error {
	id := in.get("client_id")
	if id == "" {
		return oauth.Refuse(oauth.InvalidRequest, "client_id is missing, or sent twice", in.sent.Malformed)
	}
	r.ClientID = oauth.ClientID(id)
	return nil
}

func clientIsEnabled(ctx context.Context, a *Authorizer, r *Request) error {
	client, err := a.o.Registry.Client(ctx, r.ClientID)
	switch {
	case errors.Is(err, store.Absent):
		return oauth.Refuse(oauth.InvalidRequest, "no such client", errUnknownClient)
	case err != nil:
		return oauth.Unavailable(err)
	}
	r.Client = client
	if client.Disabled {
		return oauth.Refuse(oauth.InvalidRequest, "no such client", errDisabledClient)
	}
	return nil
}

// readRedirect decides where the answer may go. A client with a single redirect URI may leave it out
// (RFC 6749 §3.1.2.3), but not for OpenID Connect (OIDC Core §3.1.2.1).
func readRedirect(_ context.Context, _ *Authorizer, in input, r *Request) error {
	r.State, r.FormPost = []byte(in.get("state")), in.get("response_mode") == string(oauth.ModeFormPost)
	if r.Redirect = in.get("redirect_uri"); r.Redirect != "" {
		return nil
	}
	scopes, _ := oauth.ParseScopes(in.get("scope")) // the check of the scope comes later, and refuses a malformed one
	openID := slices.Contains(scopes, oauth.ScopeOpenID)
	// In a malformed request, redirect_uri may have been sent twice.
	if len(r.Client.RedirectURIs) != 1 || openID || in.sent.Malformed != nil {
		return oauth.Refuse(oauth.InvalidRequest, "redirect_uri is missing, or sent twice", in.sent.Malformed)
	}
	r.Redirect = r.Client.RedirectURIs[0]
	return nil
}

// redirectIsRegistered sets Return. Before that, nothing is ever sent back.
func redirectIsRegistered(_ context.Context, a *Authorizer, r *Request) error {
	if !r.Client.Owns(r.Redirect) {
		return oauth.Refuse(oauth.InvalidRequest, "redirect_uri does not match any registered one for this client", nil)
	}
	r.Return = oauth.Return{URI: r.Redirect, State: string(r.State), Issuer: a.o.Issuer, Mode: oauth.ModeQuery}
	if r.FormPost {
		r.Return.Mode = oauth.ModeFormPost
	}
	return nil
}

func refuseMalformed(_ context.Context, _ *Authorizer, in input, _ *Request) error {
	return in.sent.Malformed
}
