package authorize

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

// sealing is an Authorizer that can seal, open and keep requests.
func sealing(t *testing.T) *Authorizer {
	t.Helper()
	db := roomtest.Open(t, redisconn.Options{})
	return New(Options{Ring: roomtest.Ring(t, db, keyring.Options{Now: time.Now}), Requests: serverstore.NewRequests(db), Now: time.Now})
}

// A text that this server sealed in another shape, such as an earlier release, is stale: a name of a wrong length names
// nothing.
func TestASealedNameOfAWrongLengthIsStale(t *testing.T) {
	t.Parallel()
	a := sealing(t)
	packed, err := pack(Asked{})
	if err != nil {
		t.Fatal(err)
	}
	id := len(oauth.GrantID{})
	kept, err := a.keep(t.Context(), Continuation{}, packed)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		head head
		good bool
	}{
		"whole":            {head{ID: make([]byte, id)}, true},
		"no grant id":      {head{}, false},
		"a short grant id": {head{ID: make([]byte, id-1)}, false},
		"a long grant id":  {head{ID: make([]byte, id+1)}, false},
		"kept":             {head{ID: make([]byte, id), Kept: kept}, true},
		"a short name":     {head{ID: make([]byte, id), Kept: kept[:len(kept)-1]}, false},
		"a long name":      {head{ID: make([]byte, id), Kept: append(kept[:len(kept):len(kept)], 0)}, false},
	} {
		sealed, err := a.seal(row.head, packed)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = a.open(t.Context(), sealed)
		if row.good != (err == nil) || err != nil && oauth.AsError(err).Code != oauth.StaleInteraction {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A request that is too large even when compressed is refused to the client, and takes no place in the store.
func TestATooLargeRequestIsNotKept(t *testing.T) {
	t.Parallel()
	a := sealing(t)
	c := Continuation{Request: Request{Return: oauth.Return{URI: "https://app.example/callback", State: "s"}}}
	if _, err := a.keep(t.Context(), c, make([]byte, maxKept)); err != nil {
		t.Errorf("the largest one: %v", err)
	}
	_, err := a.keep(t.Context(), c, make([]byte, maxKept+1))
	refusal := oauth.AsError(err)
	if err == nil || refusal.Code != oauth.InvalidRequest || refusal.Return == nil || refusal.Return.State != "s" {
		t.Errorf("one byte more: %v, sent back to %+v", err, refusal.Return)
	}
}
