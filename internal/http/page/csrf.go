package page

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// form is the binding of the token in a form: the browser, the person who is signed in there, and the purpose of the
// form. A token of one form is refused for another. The binding names the person and not the session, because a sign-in
// in another tab starts a new session, and the form of this tab must still work.
type form struct {
	purpose string
	browser oauth.Browser
	user    oauth.UserID // empty for the sign-in form, which changes it
}

// token makes the token of a form (RFC 9700 §4.7). Nothing is stored: any replica can check it.
func (p *Pages) token(f form) string {
	id, key := p.o.Ring.SealingKey()
	mac := f.mac(key, f.browser[0])
	return base64.RawURLEncoding.EncodeToString(append(id[:], mac[:]...))
}

// check refuses a form whose token was not made for it.
func (p *Pages) check(f form, token string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	var id oauth.KeyID
	if err != nil || len(raw) < len(id) {
		return refuseForm()
	}
	copy(id[:], raw)
	key := p.o.Ring.KeyOf(id)
	if key == nil {
		return refuseForm()
	}
	for _, value := range f.browser {
		if mac := f.mac(key, value); secret.Equal(mac[:], raw[len(id):]) {
			return nil
		}
	}
	return refuseForm()
}

func (f form) mac(key oauth.MACKey, browser oauth.Token) [sha256.Size]byte {
	return secret.MAC(key, "page form v1", f.purpose, browser.Reveal(), string(f.user))
}

func refuseForm() error {
	return oauth.Refuse(oauth.ForbiddenByOrigin, "this form was not sent from the page it belongs to", nil)
}
