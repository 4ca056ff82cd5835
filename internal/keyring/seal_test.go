package keyring

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func TestWrongMasterKeySaysSo(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.replica(t)
	s.master = secret.Random(secret.MasterKeySize)
	r := New(s.options(t))
	for _, err := range []error{r.Load(t.Context()), r.Turn(t.Context())} {
		if !errors.Is(err, ErrMasterKey) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "master_key") {
			t.Errorf("%v", err)
		}
	}
}

// holding returns a replica that seals under master and reads what lies under the others.
func (s *stage) holding(t *testing.T, master []byte, others ...[]byte) *Ring {
	t.Helper()
	o := s.options(t)
	var err error
	o.Sealer, err = secret.NewSealer(master, others...)
	must(t, err)
	r := New(o)
	must(t, r.Load(t.Context()))
	return r
}

// While replicas are switched to another master key, each reads what the others seal, and none seals again what the
// others have sealed. Reseal does that once.
func TestI11_ReplicasWithOldAndNewMasterKeyWorkTogether(t *testing.T) {
	t.Parallel()
	s := newStage()
	older, newer := s.master, secret.Random(secret.MasterKeySize)
	token := signed(t, s.replica(t))
	before, after := s.holding(t, older, newer), s.holding(t, newer, older)
	version := s.shelf.version
	for range 3 {
		must(t, before.Turn(t.Context()))
		must(t, after.Turn(t.Context()))
	}
	if s.shelf.version != version {
		t.Errorf("the replicas have written the ring %d times", s.shelf.version-version)
	}
	must(t, before.Rotate(t.Context(), UseSign)) // sealed under the old key
	must(t, after.Rotate(t.Context(), UseMAC))   // and under the new one
	found, err := after.Reseal(t.Context())
	must(t, err)
	if found.Previous == 0 || found.Previous == found.Keys {
		t.Errorf("%d of %d keys lay under the old master key", found.Previous, found.Keys)
	}
	must(t, before.Turn(t.Context()))
	s.master = newer
	alone := s.replica(t) // holds the new one only
	if !verifies(alone, token) || !verifies(before, signed(t, alone)) {
		t.Error("the ring is not the same under the new master key")
	}
	if again, err := after.Reseal(t.Context()); err != nil || again.Previous != 0 {
		t.Errorf("a second run found %d keys: %v", again.Previous, err)
	}
}

func TestI11_RunningReplicaTakesAMasterKeyThatOpensTheRing(t *testing.T) {
	t.Parallel()
	s := newStage()
	older, newer := s.master, secret.Random(secret.MasterKeySize)
	r := s.replica(t)
	wrong, err := secret.NewSealer(newer)
	must(t, err)
	if err := r.UseSealer(t.Context(), wrong); !errors.Is(err, ErrMasterKey) {
		t.Errorf("a master key that does not open the ring: %v", err)
	}
	must(t, r.Turn(t.Context())) // with the earlier one
	right, err := secret.NewSealer(newer, older)
	must(t, err)
	must(t, r.UseSealer(t.Context(), right))
	if found, err := r.Reseal(t.Context()); err != nil || found.Previous != found.Keys {
		t.Errorf("%+v, %v", found, err)
	}
	s.master = newer
	s.replica(t)
}

func TestS14_RingIsSealedAtRest(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	mac := r.current.Load().keys[0].Material
	for id, box := range s.shelf.ring {
		if strings.Contains(string(box), string(mac)) || strings.Contains(string(box), `"key"`) {
			t.Errorf("%s lies open", id)
		}
	}
	// A box moved to another name does not open: a party that can write to the store cannot bring a key back.
	ids := ofUse(r, UseMAC)[Active]
	s.shelf.ring["mac-00000001"] = s.shelf.ring[ids[0]]
	if err := r.Turn(t.Context()); !errors.Is(err, secret.ErrBox) || !strings.Contains(err.Error(), "mac-00000001") {
		t.Errorf("%v", err)
	}
	if r.KeyOf(oauth.KeyID{0, 0, 0, 1}) != nil || !verifies(r, signed(t, r)) {
		t.Error("the ring as it was last read is not served")
	}
}

func TestJ13_JWKSHoldsPublicMembersOnly(t *testing.T) {
	t.Parallel()
	s := newStage()
	o := s.options(t)
	o.Also = []jose.Algorithm{jose.RS256, jose.EdDSA, jose.ES256}
	r := New(o)
	must(t, r.Load(t.Context()))
	text, err := json.Marshal(r.JWKS(t.Context()))
	must(t, err)
	var set struct{ Keys []map[string]any }
	must(t, json.Unmarshal(text, &set))
	if len(set.Keys) != 3 {
		t.Errorf("%d keys, not one for each algorithm", len(set.Keys))
	}
	for _, k := range set.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			if _, there := k[private]; there {
				t.Errorf("%s is published", private)
			}
		}
	}
	if got := r.Algorithms(); !slices.Equal(got, []string{"ES256", "RS256", "EdDSA"}) {
		t.Errorf("%v", got)
	}
	for _, algorithm := range r.Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			token, err := r.Sign(t.Context(), algorithm, "at+jwt", map[string]string{})
			must(t, err)
			if !verifies(r, token) || !strings.HasPrefix(kidOf(t, token), strings.ToLower(algorithm)+"-") {
				t.Errorf("%s: signed with %s", algorithm, kidOf(t, token))
			}
		})
	}
	if _, err := r.Sign(t.Context(), "PS256", "at+jwt", struct{}{}); err == nil {
		t.Error("signed with an algorithm that has no key")
	}
}

// An RSA key takes long to make: a start does not, and the first caller that needs it waits for it. Of many that
// need it at once all are served, by one key.
func TestF_S15_AStartDoesNotWaitForRSA(t *testing.T) {
	t.Parallel()
	s := newStage()
	rings := make([]*Ring, 2)
	for i := range rings {
		o := s.options(t)
		o.Also = []jose.Algorithm{jose.RS256}
		rings[i] = New(o)
		must(t, rings[i].Load(t.Context()))
		if slices.Contains(kids(rings[i]), "RS256") {
			t.Error("the start made an RSA key")
		}
	}
	tokens := make([]string, 8)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			token, err := rings[i%2].Sign(t.Context(), "RS256", "at+jwt", map[string]string{})
			if err != nil {
				t.Error(err)
			}
			tokens[i] = kidOf(t, token)
		})
	}
	all.Wait()
	slices.Sort(tokens)
	if made := len(slices.Compact(tokens)); made != 1 {
		t.Errorf("signed with %d keys: %v", made, tokens)
	}
	third := New(rings[0].o)
	must(t, third.Load(t.Context()))
	if got := kids(third); !slices.Contains(got, "RS256") || len(third.JWKS(t.Context()).Keys) != 2 {
		t.Errorf("the keys are %v", got)
	}
	s.shelf.away = true
	missing := s.options(t)
	missing.Also = []jose.Algorithm{jose.PS256}
	if _, err := New(missing).Sign(t.Context(), "PS256", "JWT", map[string]string{}); oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
		t.Errorf("the store is away: %v", err)
	}
}

// kids lists the algorithms of the signing keys of a ring.
func kids(r *Ring) []string {
	var all []string
	for _, k := range r.List() {
		all = append(all, k.Algorithm)
	}
	return all
}

func TestLoadMakesTheKeyOfANewlyConfiguredAlgorithm(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.replica(t)
	o := s.options(t)
	o.Algorithm = jose.EdDSA
	r := New(o)
	must(t, r.Load(t.Context()))
	token := signed(t, r)
	if !verifies(r, token) || !strings.HasPrefix(kidOf(t, token), "eddsa-") {
		t.Error("the new default algorithm has no key")
	}
	must(t, s.replica(t).Load(t.Context()))
	if s.shelf.swaps != 2 {
		t.Errorf("a complete ring was changed by loading it: %d swaps", s.shelf.swaps)
	}
}

func TestEmptyJWKSIsAList(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.shelf.away = true
	text, err := json.Marshal(New(s.options(t)).JWKS(t.Context()))
	if err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestMACKeyOutlivesTheLongestRefreshToken(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	id, key := r.SealingKey()
	credential := oauth.Credential{Kind: oauth.KindRefresh, Key: id, Serial: 7}.Seal(key)
	for range 119 { // 30 days active, 90 days retired
		s.pass(day)
		must(t, r.Turn(t.Context()))
	}
	if _, ok := oauth.OpenCredential(credential, oauth.KindRefresh, r.KeyOf); !ok {
		t.Error("refused while it may live")
	}
	s.pass(day)
	if _, ok := oauth.OpenCredential(credential, oauth.KindRefresh, r.KeyOf); ok {
		t.Error("accepted after its key is gone")
	}
}

func TestTextsOpenOnEveryReplicaAndForTheirPurposeOnly(t *testing.T) {
	t.Parallel()
	s := newStage()
	r, other := s.replica(t), s.replica(t)
	text, err := r.SealText("interaction", []byte("state"))
	must(t, err)
	if got, err := other.OpenText("interaction", text); err != nil || string(got) != "state" {
		t.Errorf("%q, %v", got, err)
	}
	must(t, r.Rotate(t.Context(), UseMAC))
	s.pass(r.o.Settle)
	if _, err := r.OpenText("interaction", text); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	bad := []string{"", "A", "AAAAAAAA", text[:len(text)-2], "BBBB" + text[4:], text + "=", text[:20] + flip(text[20]) + text[21:]}
	for _, changed := range bad {
		if got, err := r.OpenText("interaction", changed); !errors.Is(err, ErrText) || got != nil {
			t.Errorf("%q: %q, %v", changed, got, err)
		}
	}
	if _, err := r.OpenText("another purpose", text); !errors.Is(err, ErrText) {
		t.Errorf("for another purpose: %v", err)
	}
	for _, k := range ofUse(r, UseMAC)[Retired] {
		must(t, r.Drop(t.Context(), k))
	}
	if _, err := r.OpenText("interaction", text); !errors.Is(err, ErrText) {
		t.Errorf("after its key was dropped: %v", err)
	}
}

func FuzzOpenText(f *testing.F) {
	s := newStage()
	sealer, err := secret.NewSealer(s.master)
	if err != nil {
		f.Fatal(err)
	}
	r := New(Options{Store: &s.shelf, Sealer: sealer, Events: s, Now: s.now})
	if err := r.Load(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("AAAAAAEAAAAA")
	f.Add(strings.Repeat("A", 120))
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := r.OpenText("interaction", text); !errors.Is(err, ErrText) || got != nil {
			t.Errorf("%q opened: %q, %v", text, got, err)
		}
	})
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}
