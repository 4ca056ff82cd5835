package keyring

import (
	"cmp"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// snapshot is the ring as it was last read. It never changes: a change makes another.
type snapshot struct {
	keys    []key // the one whose turn comes last first
	lines   map[line][]key
	signers map[string]key // by kid
	macs    map[oauth.KeyID]key
	peppers map[string]key
}

func newSnapshot(issuer string, keys []key) *snapshot {
	s := &snapshot{
		keys:    slices.Clone(keys),
		lines:   map[line][]key{},
		signers: map[string]key{},
		macs:    map[oauth.KeyID]key{},
		peppers: map[string]key{},
	}
	slices.SortFunc(s.keys, func(a, b key) int {
		return cmp.Or(b.Active.Compare(a.Active), cmp.Compare(a.ID, b.ID))
	})
	for i, k := range s.keys {
		switch k.Use {
		case UseMAC:
			k.keyed = secret.NewMACKey(secret.Derive(k.Material, "issuer", issuer))
		case UsePepper:
			k.keyed = secret.NewMACKey(k.Material)
		}
		s.keys[i] = k
		l := line{k.Use, k.Algorithm}
		s.lines[l] = append(s.lines[l], k)
		switch k.Use {
		case UseSign:
			s.signers[k.ID] = k
		case UseMAC:
			s.macs[k.mac] = k
		case UsePepper:
			s.peppers[k.ID] = k
		}
	}
	return s
}

// serving is the key of a line that makes new things now: the newest whose time has come.
func (s *snapshot) serving(l line, now time.Time) (key, bool) {
	for _, k := range s.lines[l] {
		if k.serves(now) {
			return k, true
		}
	}
	return key{}, false
}

func (s *snapshot) signer(kid string, now time.Time) (jose.Public, bool) {
	k, ok := s.signers[kid]
	if !ok || k.state(now) == Dropped {
		return jose.Public{}, false
	}
	return k.signer.Public(), true
}
