package keyring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// algorithms lists the configured algorithms, the default first.
func (r *Ring) algorithms() []jose.Algorithm {
	all := []jose.Algorithm{r.o.Algorithm}
	for _, also := range r.o.Also {
		if !slices.Contains(all, also) {
			all = append(all, also)
		}
	}
	return all
}

// Algorithms lists the algorithms that JWTs are signed with, the default first.
func (r *Ring) Algorithms() []string {
	var names []string
	for _, algorithm := range r.algorithms() {
		names = append(names, string(algorithm))
	}
	return names
}

// AlgorithmOf is the algorithm that Sign signs with when it is asked for one; "" asks for the default.
func (r *Ring) AlgorithmOf(asked string) jose.Algorithm {
	return cmp.Or(jose.Algorithm(asked), r.o.Algorithm)
}

// Sign makes a JWS of claims with the key of an algorithm that serves now; "" is the default
// algorithm. typ goes into the header (RFC 8725 §3.11). A start does not wait for an RSA key, which
// takes some tenths of a second of a processor: the first request that needs it before the calendar
// made it waits instead. The error of a store that is away is Unavailable.
func (r *Ring) Sign(ctx context.Context, algorithm, typ string, claims any) (string, error) {
	l := line{UseSign, r.AlgorithmOf(algorithm)}
	k, ok := r.current.Load().serving(l, r.o.Now())
	if !ok && slices.Contains(r.calendar.lines, l) {
		if err := r.complete(ctx); err != nil {
			return "", oauth.Unavailable(err)
		}
		k, ok = r.current.Load().serving(l, r.o.Now())
	}
	if !ok {
		return "", fmt.Errorf("the key ring has no key for the algorithm %q", string(l.algorithm))
	}
	return k.signer.Sign(typ, claims)
}

// publication is a result of JWKS.
type publication struct {
	of    *snapshot
	until time.Time
	set   jose.Set
}

// publicationLife bounds the reuse of a result of JWKS. A change of the ring ends it earlier.
const publicationLife = time.Second

// JWKS returns the public halves of every signing key that is published, active or retired, the one
// whose turn comes last first. It first makes the keys that are still missing, so that what the metadata
// promise is in the first answer; when it cannot, it returns those that there are. Callers must not change the set.
func (r *Ring) JWKS(ctx context.Context) jose.Set {
	now := r.o.Now()
	if p := r.published.Load(); p != nil && p.of == r.current.Load() && now.Before(p.until) {
		return p.set
	}
	_ = r.complete(ctx)
	p := &publication{of: r.current.Load(), until: now.Add(publicationLife), set: jose.Set{Keys: []jose.JWK{}}}
	for _, k := range p.of.keys {
		if k.Use != UseSign || k.state(now) == Dropped {
			continue
		}
		if jwk, err := k.signer.Public().JWK(); err == nil { // it was read as one of the kinds that have one
			p.set.Keys = append(p.set.Keys, jwk)
		}
	}
	r.published.Store(p)
	return p.set
}
