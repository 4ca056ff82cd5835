package clientauth

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// SecretBasic serves client_secret_basic: the client's id and secret in the Authorization header (RFC 6749 §2.3.1).
type SecretBasic struct{ secrets }

// NewSecretBasic makes the method.
func NewSecretBasic(r *registry.Registry) SecretBasic { return SecretBasic{secrets{r}} }

const schemeBasic = "basic"

// Describe implements Method.
func (SecretBasic) Describe() oauth.ClientAuth {
	return oauth.ClientAuth{Name: oauth.AuthBasic, Scheme: schemeBasic, Secret: true}
}

// Recognize implements Method.
func (SecretBasic) Recognize(r Request) (Credentials, bool, error) {
	if !strings.EqualFold(r.Scheme, schemeBasic) {
		return Credentials{}, false, nil
	}
	id, secret, ok := decodeBasic(r.Header)
	if !ok {
		return Credentials{}, true, oauth.Refuse(oauth.InvalidClient, "the Authorization header is not Basic authentication of a client", nil)
	}
	if r.Params.Has("client_id") && r.Params.Get("client_id") != id {
		return Credentials{}, true, oauth.Refuse(oauth.InvalidRequest, "client_id is not the client of the Authorization header", nil)
	}
	c := Credentials{ID: id, Proof: oauth.Token(secret), Method: oauth.AuthBasic}
	if secret == "" {
		// An empty secret counts as none (RFC 6749 §2.3.1), and libraries send one for public clients.
		c.Method = oauth.AuthNone
	}
	return c, true, nil
}

// decodeBasic reads the credentials of HTTP Basic. RFC 6749 §2.3.1 requires that both parts are form-encoded
// first, and not every library does that: a part that is not form-encoded is used as it is. The padding is
// optional: RFC 7617 requires it, several libraries omit it, and it carries no information, so that accepting
// both forms lets no other credentials in.
func decodeBasic(encoded string) (id, secret string, ok bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(raw), ":")
	id, secret = formDecoded(id), formDecoded(secret)
	ok = ok && id != "" && wellFormed(id) && wellFormed(secret)
	return id, secret, ok
}

func formDecoded(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// wellFormed reports whether a part of the credentials could be a registered client's: it has no control
// characters and is not too long.
func wellFormed(text string) bool {
	control := strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f })
	return !control && len(text) <= oauth.MaxParamBytes
}
