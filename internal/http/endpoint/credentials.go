package endpoint

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const (
	schemeBasic  = "Basic"
	schemeBearer = "Bearer"
)

var errUnknownScheme = errors.New("the scheme of the Authorization header is neither Basic nor Bearer")

// presented finds out how a client says who it is (RFC 6749 §2.3): in the Authorization header or
// in the body, never both.
//
// A Bearer beside a client_id is ignored: single-page apps attach the token they have to every
// call, the one that renews it included, and a public client proves nothing by a header anyway.
func presented(r *http.Request, p oauth.Params) (clientauth.Presented, error) {
	scheme, text, err := web.Authorization(r)
	if err != nil {
		return clientauth.Presented{}, err
	}
	switch {
	case scheme == "" || strings.EqualFold(scheme, schemeBearer):
		return inBody(p)
	case strings.EqualFold(scheme, schemeBasic):
		return inHeader(text, p)
	}
	return clientauth.Presented{}, oauth.Refuse(oauth.InvalidClient, "client authentication failed", errUnknownScheme)
}

func inBody(p oauth.Params) (clientauth.Presented, error) {
	shown := clientauth.Presented{
		ID: p.Get("client_id"), Secret: oauth.Token(p.Get("client_secret")), Method: oauth.AuthNone, Assertion: hasAssertion(p),
	}
	if shown.Secret != "" {
		shown.Method = oauth.AuthPost
	}
	if shown.Secret != "" && shown.Assertion {
		return clientauth.Presented{}, twoMethods()
	}
	return shown, nil
}

func inHeader(encoded string, p oauth.Params) (clientauth.Presented, error) {
	if p.Has("client_secret") || hasAssertion(p) {
		return clientauth.Presented{}, twoMethods()
	}
	id, secret, ok := decodeBasic(encoded)
	if !ok {
		return clientauth.Presented{}, oauth.Refuse(oauth.InvalidClient, "the Authorization header is not Basic authentication of a client", nil)
	}
	if p.Has("client_id") && p.Get("client_id") != id {
		return clientauth.Presented{}, oauth.Refuse(oauth.InvalidRequest, "client_id is not the client of the Authorization header", nil)
	}
	shown := clientauth.Presented{ID: id, Secret: oauth.Token(secret), Method: oauth.AuthBasic}
	if secret == "" {
		// An empty secret is no secret (RFC 6749 §2.3.1), and libraries send one for public clients.
		shown.Method = oauth.AuthNone
	}
	return shown, nil
}

func hasAssertion(p oauth.Params) bool {
	return p.Has("client_assertion") || p.Has("client_assertion_type")
}

func twoMethods() error {
	return oauth.Refuse(oauth.InvalidRequest, "the client authenticates by more than one method", nil)
}

// decodeBasic reads the credentials of HTTP Basic. RFC 6749 §2.3.1 wants both parts form-encoded
// first, and not every library does that: a part that is not form-encoded is taken as it is. The
// padding is optional: RFC 7617 asks for it, several libraries leave it out, and it carries no
// information, so that accepting both forms lets no other credentials in.
func decodeBasic(encoded string) (id, secret string, ok bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(raw), ":")
	id, secret = formDecoded(id), formDecoded(secret)
	ok = ok && id != "" && sound(id) && sound(secret)
	return id, secret, ok
}

func formDecoded(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// sound tells whether a part of the credentials could be one of a registered client.
func sound(text string) bool {
	control := strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f })
	return !control && len(text) <= oauth.MaxParamBytes
}

// bearerOf gives the access token of a request that shows one in the Authorization header
// (RFC 6750 §2.1); "" when it shows none.
func bearerOf(r *http.Request) (oauth.Token, error) {
	scheme, text, err := web.Authorization(r)
	if err != nil || !strings.EqualFold(scheme, schemeBearer) {
		return "", err
	}
	return oauth.Token(text), nil
}
