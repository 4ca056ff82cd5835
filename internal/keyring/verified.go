package keyring

import (
	"crypto/sha256"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/memo"
)

// The bounds of the verified tokens that are remembered: at most 8 MiB of claims.
const (
	mostVerified       = 4096
	mostVerifiedClaims = 2 << 10 // bytes; a token with more claims is verified at each use
)

// fingerprint stands for a token, so that no token stays in memory, and for the type that it was verified as.
type fingerprint struct {
	digest [sha256.Size]byte
	typ    string
}

// verified is the result of a signature check. The kid is a thumbprint of the key (RFC 7638), so it names one key for ever.
type verified struct {
	kid    string
	claims []byte
}

func newVerified() *memo.Map[fingerprint, verified] {
	return memo.NewMap[fingerprint](memo.Options[verified]{Limit: mostVerified})
}

// Verify checks the signature and the type of a JWS made by Sign and returns its claims, which the caller must not
// change; a jose.ErrToken has the reason. A retired key still verifies, a dropped one no longer.
//
// A signature that was verified is remembered, because checking it costs more than the rest of an introspection. What
// can change is asked each time: whether the key is still in the ring, and, by the caller, whether the token is
// expired or revoked. A refusal is not remembered.
func (r *Ring) Verify(token, typ string) ([]byte, error) {
	s, now := r.current.Load(), r.o.Now()
	mark := fingerprint{sha256.Sum256([]byte(token)), typ}
	if known, ok := r.verified.Get(mark); ok {
		if _, ok := s.signer(known.kid, now); ok {
			return known.claims, nil
		}
		r.verified.Delete(mark)
	}
	return r.verify(s, now, token, mark)
}

func (r *Ring) verify(s *snapshot, now time.Time, token string, mark fingerprint) ([]byte, error) {
	var by string
	claims, err := jose.Verify(token, mark.typ, func(kid string) (jose.Public, bool) {
		by = kid
		return s.signer(kid, now)
	})
	if err == nil && len(claims) <= mostVerifiedClaims {
		r.verified.Put(mark, verified{by, claims})
	}
	return claims, err
}
