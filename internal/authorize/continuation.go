package authorize

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// InteractionLife bounds the time that a person may take to sign in and consent. Later, the request starts again.
const InteractionLife = time.Hour

// Continuation is a request that waits for a person: it leaves for a page by Seal, and comes back by Resume.
type Continuation struct {
	Request

	// Restarted: the continuation was another browser's, or too old. It is now a request of this browser.
	Restarted bool

	id          oauth.GrantID // of the one grant that the interaction may yield; zero for a request that never waited
	asked       time.Time     // when the request came in, or was restarted
	decided     *decision
	withdrawals uint64 // of the user, when Step decided
	kept        []byte // the name under which the store keeps the request; nil: it travels in the sealed text
}

// decision is a consent that a person gave on the page of this very interaction.
type decision struct {
	User  oauth.UserID `json:"u"`
	Scope oauth.Scopes `json:"s"`
}

// Begin returns the continuation of a request that has just come in.
func (a *Authorizer) Begin(r Request) Continuation {
	return Continuation{Request: r, asked: a.o.Now()}
}

const sealPurpose = "interaction 3"

// head travels in the browser in front of the request.
type head struct {
	ID      []byte    `json:"i"`           // becomes the id of the grant, so that an interaction yields one code
	Asked   int64     `json:"t"`           // when the request came in, milliseconds
	Browser string    `json:"b,omitempty"` // oauth.Browser.Binding; empty for a request that no browser owns yet
	Decided *decision `json:"d,omitempty"`
	Kept    []byte    `json:"k,omitempty"` // the name of the request in the store, when it does not follow the head
}

// maxSealed bounds the sealed text in the address of a page. With 4 KB, every proxy takes the request line, and
// the redirect's header as well.
const maxSealed = 4 << 10

// Seal returns the text by which a browser can come back to c: the parameter interaction of pages and of the
// authorization endpoint. Only the server can read or change it. Sealing the same continuation again keeps its
// age, its one code and what was decided.
//
// Without a browser, the text belongs to the first one that brings it.
func (a *Authorizer) Seal(ctx context.Context, c Continuation, browser oauth.Browser) (string, error) {
	if c.id == (oauth.GrantID{}) {
		c.id = oauth.GrantID(secret.Random(len(c.id)))
	}
	h := head{ID: c.id[:], Asked: c.asked.UnixMilli(), Browser: browser.Binding(), Decided: c.decided, Kept: c.kept}
	packed, err := pack(c.Asked)
	if err != nil {
		return "", oauth.AsError(err).To(c.Return)
	}
	if h.Kept == nil {
		sealed, err := a.seal(h, packed)
		if err != nil {
			return "", oauth.AsError(err).To(c.Return)
		}
		if len(sealed) <= maxSealed {
			return sealed, nil
		}
	}
	if h.Kept, err = a.keep(ctx, c, packed); err != nil {
		return "", err
	}
	return a.seal(h, nil)
}

func (a *Authorizer) seal(h head, packed []byte) (string, error) {
	plain, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	return a.o.Ring.SealText(sealPurpose, slices.Concat(plain, []byte{'\n'}, packed))
}

// Resume opens a sealed continuation. Of its request, only what may have changed meanwhile is checked again: see
// the table of checks. StaleInteraction says that the text is not one of ours, or that the store does not keep
// its request any more.
//
// A continuation of another browser, or older than InteractionLife, holds nothing but a request that anybody
// could send: it starts again for this browser, without what was decided or done elsewhere, and
// Continuation.Restarted reports that.
func (a *Authorizer) Resume(ctx context.Context, sealed string, browser oauth.Browser) (Continuation, error) {
	h, asked, err := a.open(ctx, sealed)
	if err != nil {
		return Continuation{}, err
	}
	r, err := a.recheck(ctx, asked)
	if err != nil {
		return Continuation{}, err
	}
	c := Continuation{Request: r, asked: a.o.Now(), kept: h.Kept}
	since := time.UnixMilli(h.Asked)
	switch age := c.asked.Sub(since); {
	case age > InteractionLife || h.Browser != "" && !browser.Owns(h.Browser):
		c.Restarted, c.id = true, restartedID(h.ID, browser, age/InteractionLife)
	case h.Browser == "":
		c.id = oauth.GrantID(h.ID)
	default:
		c.id, c.asked, c.decided = oauth.GrantID(h.ID), since, h.Decided
	}
	return c, nil
}

// Restart opens a sealed continuation of any browser and any age as a new request, which may yield a code of
// its own. It is for a person who asked for that.
func (a *Authorizer) Restart(ctx context.Context, sealed string) (Continuation, error) {
	c, err := a.Resume(ctx, sealed, nil)
	if err != nil {
		return Continuation{}, err
	}
	c.Restarted, c.id, c.decided, c.asked = true, oauth.GrantID{}, nil, a.o.Now()
	return c, nil
}

// restartedID names an interaction that was started again, hours after the request came in. Within an hour it
// stays the same, so that loading an address again and again yields no more codes in another browser than in
// its own. It changes every hour: the mark of the answer expires, and a grant under an id that was used before
// would make the spent credentials of the first one valid again.
func restartedID(id []byte, browser oauth.Browser, hours time.Duration) oauth.GrantID {
	sum := sha256.Sum256(slices.Concat([]byte("interaction of another browser"), id, []byte(browser.Binding()),
		binary.BigEndian.AppendUint64(nil, uint64(hours)))) //nolint:gosec // a number that distinguishes hours
	return oauth.GrantID(sum[:len(oauth.GrantID{})])
}

// errNoID means that a sealed text is genuine but does not name its interaction, which cannot happen.
var errNoID = errors.New("the continuation has no id")

func (a *Authorizer) open(ctx context.Context, sealed string) (h head, asked Asked, err error) {
	plain, err := a.o.Ring.OpenText(sealPurpose, sealed)
	if err != nil {
		return h, asked, stale(err)
	}
	first, packed, _ := bytes.Cut(plain, []byte{'\n'})
	if err := json.Unmarshal(first, &h); err != nil {
		return h, asked, stale(err)
	}
	if len(h.ID) != len(oauth.GrantID{}) {
		return h, asked, stale(errNoID)
	}
	if h.Kept != nil {
		if packed, err = a.kept(ctx, h.Kept); err != nil {
			return h, asked, err
		}
	}
	if asked, err = unpack(packed); err != nil {
		return h, asked, stale(err)
	}
	return h, asked, nil
}

func stale(cause error) error {
	return oauth.Refuse(oauth.StaleInteraction, "this address is incomplete or too old; start again from the application", cause)
}
