package token

import (
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

var errForeignIDToken = errors.New("the ID token has another issuer or audience")

// hintClaims holds the claims that are checked of an ID token that comes back as a hint. aud is a text in all of ours.
type hintClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
}

// PersonOf returns whom an ID token of this issuer names that was issued to a client, as an id_token_hint does
// (OIDC Core §3.1.2.1). Its lifetime does not count: it says who it was, not that they are signed in. A key that
// was rotated away verifies as long as the ring keeps it. The error is the reason why the token is refused.
func PersonOf(ring *keyring.Ring, issuer string, client oauth.ClientID, idToken string) (oauth.UserID, error) {
	raw, err := ring.Verify(idToken, typeID)
	if err != nil {
		return "", err
	}
	c, err := jose.NewReader[hintClaims]().Read(raw)
	if err != nil {
		return "", err
	}
	if c.Issuer != issuer || c.Audience != string(client) || c.Subject == "" {
		return "", errForeignIDToken
	}
	return oauth.UserID(c.Subject), nil
}
