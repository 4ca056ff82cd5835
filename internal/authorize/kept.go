package authorize

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// A request that is too large for an address is kept in the store, and the address carries its name.
//
// The risk is that somebody without an account fills the store with large requests. Three bounds hold that
// down: maxKept, keptLife, and the rate limits.large_requests_ip for one address. A request keeps its name on
// all of its pages, so that it takes one place.

// maxKept bounds the size of a compressed request.
const maxKept = 12 << 10

// keptLife is the time to live of a request in the store, from its last page on: a person may take InteractionLife, and
// clocks differ.
const keptLife = InteractionLife + 5*time.Minute

const keptPurpose = "kept request 1"

// keep stores a request, or prolongs its life, and returns its name. Its errors go back to the client, except
// that of the rate limit, which the caller itself must see (429).
func (a *Authorizer) keep(ctx context.Context, c Continuation, packed []byte) ([]byte, error) {
	if len(packed) > maxKept {
		return nil, c.refuse(oauth.InvalidRequest, "the request is too large: shorten state, resource and the hints")
	}
	if c.kept == nil {
		if err := a.o.Limits.Address(ctx, ratelimit.LargeRequestsIP); err != nil {
			return nil, err
		}
	}
	sealed, err := a.o.Ring.SealText(keptPurpose, packed)
	if err != nil {
		return nil, oauth.AsError(err).To(c.Return)
	}
	name := oauth.DigestOf("authorization request " + string(packed))
	if err := a.o.Requests.Keep(ctx, name, sealed, keptLife); err != nil {
		return nil, oauth.Unavailable(err).To(c.Return)
	}
	return name[:], nil
}

// kept returns a request that the store keeps.
func (a *Authorizer) kept(ctx context.Context, name []byte) ([]byte, error) {
	if len(name) != len(oauth.Digest{}) {
		return nil, stale(errNoID)
	}
	sealed, err := a.o.Requests.Get(ctx, oauth.Digest(name))
	switch {
	case errors.Is(err, store.Absent):
		return nil, stale(err)
	case err != nil:
		return nil, oauth.Unavailable(err)
	}
	packed, err := a.o.Ring.OpenText(keptPurpose, sealed)
	if err != nil {
		return nil, stale(err)
	}
	return packed, nil
}

// pack writes a request as compressed JSON. The same request always yields the same bytes.
func pack(asked Asked) ([]byte, error) {
	var packed bytes.Buffer
	packer, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(packer).Encode(asked); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// maxUnpacked bounds what packed bytes may grow to: every parameter at its longest.
const maxUnpacked = 2 * oauth.MaxParams * oauth.MaxParamBytes

func unpack(packed []byte) (asked Asked, err error) {
	err = json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxUnpacked)).Decode(&asked)
	return asked, err
}
