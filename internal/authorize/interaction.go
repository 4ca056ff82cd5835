package authorize

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// InteractionLife is how long a person may take to sign in and consent. Later, the request is started again.
const InteractionLife = time.Hour

const interactionPurpose = "interaction 2"

// interaction is a pending request on its way through the browser. The parameters travel beside it.
type interaction struct {
	ID      []byte    `json:"i"`           // becomes the id of the grant, so that an interaction yields one code
	Asked   int64     `json:"t"`           // when the request came in, milliseconds
	Browser string    `json:"b,omitempty"` // oauth.Browser.Binding; empty for a request that no browser owns yet
	Decided *decision `json:"d,omitempty"`
}

// decision is what a person allowed on the consent page of this very interaction.
type decision struct {
	User  oauth.UserID `json:"u"`
	Scope oauth.Scopes `json:"s"`
}

// maxSealed bounds the address of a page: proxies take request lines of 8 KB.
const maxSealed = 7 << 10

// Seal makes the text by which a browser can come back to a pending request. Only the server can read or
// change it. Sealing the same request again keeps its age, its one code and what was decided.
//
// Without a browser, the text belongs to the first one that brings it.
func (a *Authorizer) Seal(p Pending, browser oauth.Browser) (string, error) {
	id := p.id
	if id == (oauth.GrantID{}) {
		id = oauth.GrantID(secret.Random(len(id)))
	}
	head, err := json.Marshal(interaction{ID: id[:], Asked: p.asked.UnixMilli(), Browser: browser.Binding(), Decided: p.decided})
	if err != nil {
		return "", err
	}
	plain := bytes.NewBuffer(append(head, '\n'))
	if err := pack(plain, p.params); err != nil {
		return "", err
	}
	sealed, err := a.o.Ring.SealText(interactionPurpose, plain.Bytes())
	if err == nil && len(sealed) > maxSealed {
		return "", p.refuse(oauth.InvalidRequest, "the request is too long for a person to answer: shorten state, resource and the hints")
	}
	return sealed, err
}

// pack keeps the addresses short: the values go in as they are, not percent-encoded, and compressed.
func pack(to io.Writer, params oauth.Params) error {
	form, err := url.ParseQuery(params.Encode())
	if err != nil {
		return err
	}
	packer, err := flate.NewWriter(to, flate.BestCompression)
	if err != nil {
		return err
	}
	if err := gob.NewEncoder(packer).Encode(form); err != nil {
		return err
	}
	return packer.Close()
}

// maxUnpacked bounds what a sealed text may grow to: every parameter at its longest.
const maxUnpacked = 2 * oauth.MaxParams * oauth.MaxParamBytes

func unpack(packed []byte) (url.Values, error) {
	form := url.Values{}
	err := gob.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxUnpacked)).Decode(&form)
	return form, err
}

// Resume opens a sealed interaction and checks the request in it anew. StaleInteraction says that the text is
// not one of ours.
//
// An interaction of another browser, or older than InteractionLife, holds nothing but a request that anybody
// could send: it is started again for this browser, without what was decided or done elsewhere, and
// Pending.Restarted reports that.
func (a *Authorizer) Resume(ctx context.Context, sealed string, browser oauth.Browser) (Pending, error) {
	i, form, err := a.open(sealed)
	if err != nil {
		return Pending{}, oauth.Refuse(oauth.StaleInteraction, "this address is incomplete or too old; start again from the application", err)
	}
	read, parse := oauth.ParseParams(form)
	p, err := a.Check(ctx, read, parse)
	if err != nil {
		return Pending{}, err
	}
	asked := time.UnixMilli(i.Asked)
	switch old := p.asked.Sub(asked) > InteractionLife; {
	case old || i.Browser != "" && !browser.Owns(i.Browser):
		p.Restarted, p.id = true, restartedID(i.ID, browser, p.asked.Sub(asked)/InteractionLife)
	case i.Browser == "":
		p.id = oauth.GrantID(i.ID)
	default:
		p.id, p.asked, p.decided = oauth.GrantID(i.ID), asked, i.Decided
	}
	return p, nil
}

// Restart opens a sealed interaction of any browser and any age as a new request, which may yield a code of
// its own. It is for a person who asked for that.
func (a *Authorizer) Restart(ctx context.Context, sealed string) (Pending, error) {
	p, err := a.Resume(ctx, sealed, nil)
	if err != nil {
		return Pending{}, err
	}
	p.Restarted, p.id, p.decided, p.asked = true, oauth.GrantID{}, nil, a.o.Now()
	return p, nil
}

// restartedID names an interaction that was started again, hours after the request came in. It is the same one
// within an hour, so that loading an address again and again yields no more codes in another browser than in
// its own. It changes every hour: the mark of what was answered is gone later, and a grant that came by its id
// a second time would make the spent credentials of the first one good again.
func restartedID(id []byte, browser oauth.Browser, hours time.Duration) oauth.GrantID {
	sum := sha256.Sum256(slices.Concat([]byte("interaction of another browser"), id, []byte(browser.Binding()),
		binary.BigEndian.AppendUint64(nil, uint64(hours)))) //nolint:gosec // a number to tell hours apart
	return oauth.GrantID(sum[:len(oauth.GrantID{})])
}

func (a *Authorizer) open(sealed string) (i interaction, form url.Values, err error) {
	plain, err := a.o.Ring.OpenText(interactionPurpose, sealed)
	if err != nil {
		return i, nil, err
	}
	head, packed, _ := bytes.Cut(plain, []byte{'\n'})
	if err := json.Unmarshal(head, &i); err != nil {
		return i, nil, err
	}
	if len(i.ID) != len(oauth.GrantID{}) {
		return i, nil, errors.New("the interaction has no id")
	}
	form, err = unpack(packed)
	return i, form, err
}
