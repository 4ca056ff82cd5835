package authorize

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/url"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// InteractionLife is how long a person may take to sign in and consent.
const InteractionLife = time.Hour

const interactionPurpose = "interaction"

// interaction is a pending request on its way through the browser.
type interaction struct {
	Params  string `json:"p"`
	Asked   int64  `json:"t"` // when it came in, milliseconds
	Browser string `json:"b"` // digest of the browser's cookie
}

// Seal makes the text by which a browser can come back to a pending request. Only the server can
// read or change it, and only the browser with this cookie can use it.
func (a *Authorizer) Seal(p Pending, browser oauth.Token) (string, error) {
	plain, err := json.Marshal(interaction{Params: p.params.Encode(), Asked: p.asked.UnixMilli(), Browser: browser.Digest().Key()})
	if err != nil {
		return "", err
	}
	return a.o.Ring.SealText(interactionPurpose, plain)
}

// Resume opens a sealed interaction and checks the request in it anew. One of another browser, of
// long ago, or not ours is StaleInteraction.
func (a *Authorizer) Resume(ctx context.Context, sealed string, browser oauth.Token) (Pending, error) {
	stale := func(cause error) error {
		return oauth.Refuse(oauth.StaleInteraction, "this page is too old or belongs to another browser; start again from the application", cause)
	}
	plain, err := a.o.Ring.OpenText(interactionPurpose, sealed)
	if err != nil {
		return Pending{}, stale(err)
	}
	var i interaction
	if err := json.Unmarshal(plain, &i); err != nil {
		return Pending{}, stale(err)
	}
	asked := time.UnixMilli(i.Asked)
	if browser == "" || subtle.ConstantTimeCompare([]byte(i.Browser), []byte(browser.Digest().Key())) != 1 {
		return Pending{}, stale(nil)
	}
	if a.o.Now().Sub(asked) > InteractionLife {
		return Pending{}, stale(nil)
	}
	form, err := url.ParseQuery(i.Params)
	if err != nil {
		return Pending{}, stale(err)
	}
	params, parse := oauth.ParseParams(form)
	p, err := a.Check(ctx, params, parse)
	p.asked = asked
	return p, err
}
