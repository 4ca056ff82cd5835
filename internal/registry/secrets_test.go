package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// fits asks with the client as it is now.
func fits(t *testing.T, r *Registry, id oauth.ClientID, shown oauth.Token) bool {
	t.Helper()
	c, err := r.Client(t.Context(), id)
	must(t, err)
	ok, err := r.CheckSecret(t.Context(), c, shown.Reveal())
	must(t, err)
	return ok
}

func TestGeneratedSecretIsCheckedWithoutASlowHash(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	r.o.Hasher = nil // any use of the hasher panics
	c, shown, err := r.Register(t.Context(), confidential("demo"), "")
	must(t, err)
	stored := c.Secrets[0]
	if stored.Scheme != oauth.SchemeDigest || stored.Key != "pepper-1" || strings.Contains(fmt.Sprint(stored), shown.Reveal()) {
		t.Errorf("%+v", stored)
	}
	if !fits(t, r, c.ID, shown) || fits(t, r, c.ID, shown+"x") || fits(t, r, c.ID, "") || fits(t, r, c.ID, oauth.Token(stored.Hash)) {
		t.Error("exactly the secret fits")
	}
	other := c
	other.ID = "other"
	if ok, _ := r.CheckSecret(t.Context(), other, shown.Reveal()); ok {
		t.Error("a digest moved to another client still fits")
	}
	delete(s.peppers, "pepper-1")
	if fits(t, r, c.ID, shown) {
		t.Error("fits without its pepper")
	}
	unpeppered := digest(secret.NewMACKey(nil), c.ID, "x")
	c.Secrets = []oauth.Secret{{Scheme: oauth.SchemeDigest, Hash: base64.RawURLEncoding.EncodeToString(unpeppered[:])}}
	if ok, _ := r.CheckSecret(t.Context(), c, "x"); ok {
		t.Error("a digest under no key at all fits")
	}
	r.CheckNothing("anything")
}

func TestChosenSecretIsHashedSlowlyAndRememberedForAWhile(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	c, shown, err := r.Register(t.Context(), confidential("demo"), "demo-secret")
	must(t, err)
	if c.Secrets[0].Scheme != oauth.SchemeArgon2id || shown != "demo-secret" {
		t.Errorf("%+v", c.Secrets[0])
	}
	if !fits(t, r, c.ID, "demo-secret") || fits(t, r, c.ID, "demo-secre") {
		t.Error("exactly the secret fits")
	}
	if hashes(t, r, c.ID, "demo-secret") {
		t.Error("a success is not cached")
	}
	if !hashes(t, r, c.ID, "demo-secre") {
		t.Error("a failure is cached")
	}
	s.pass(hashCacheTTL)
	if !hashes(t, r, c.ID, "demo-secret") {
		t.Error("cached for too long")
	}
	if !fits(t, r, c.ID, "demo-secret") || hashes(t, r, c.ID, "demo-secret") {
		t.Error("not cached again")
	}
	rename(t, r, c.ID, "Renamed")
	if !hashes(t, r, c.ID, "demo-secret") {
		t.Error("cached although the client changed")
	}
}

// hashes reports whether checking a secret costs a slow hash, which an ended context keeps from
// beginning.
func hashes(t *testing.T, r *Registry, id oauth.ClientID, shown string) bool {
	t.Helper()
	c, err := r.Client(t.Context(), id)
	must(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.CheckSecret(ended, c, shown)
	return errors.Is(err, context.Canceled)
}

// leaver is a request whose caller goes away as soon as the secret is being checked.
type leaver struct {
	context.Context
	once *sync.Once
	gone chan struct{}
}

func (l leaver) Done() <-chan struct{} { return l.gone }

// Err is asked last before the check.
func (l leaver) Err() error {
	err := context.Canceled
	l.once.Do(func() {
		close(l.gone)
		err = nil
	})
	return err
}

// W07: a guess counts although its caller disconnects while it is checked. Otherwise it would be refunded, and its
// result could be read from the cache: as many guesses as anybody likes.
func TestW07_WhoLeavesHasGuessed(t *testing.T) {
	t.Parallel()
	r := newStage().replica()
	r.o.Hasher = secret.NewHasher(secret.HasherOptions{}) // slow enough to leave meanwhile
	c, _, err := r.Register(t.Context(), confidential("demo"), "demo-secret")
	must(t, err)
	for shown, right := range map[string]bool{"demo-secret": true, "a wrong secret": false} {
		t.Run(shown, func(t *testing.T) {
			left := leaver{t.Context(), new(sync.Once), make(chan struct{})}
			if ok, err := r.CheckSecret(left, c, shown); ok != right || err != nil {
				t.Errorf("%s: %v, %v", shown, ok, err)
			}
		})
	}
}

func TestACrowdWithOneSecretCostsOneHash(t *testing.T) {
	t.Parallel()
	r := newStage().replica()
	c, _, err := r.Register(t.Context(), confidential("demo"), "demo-secret")
	must(t, err)
	var crowd errgroup.Group
	for range 500 { // far more than the hasher lets wait
		crowd.Go(func() error {
			ok, err := r.CheckSecret(t.Context(), c, "demo-secret")
			if err == nil && !ok {
				err = errors.New("the secret does not fit")
			}
			return err
		})
	}
	must(t, crowd.Wait())
}

func TestRememberedIsBounded(t *testing.T) {
	t.Parallel()
	m := newHashCache(newStage().now)
	for i := range maxCachedHashes + 100 {
		m.add(m.entry(oauth.Client{}, oauth.Secret{}, fmt.Sprint(i)))
	}
	if m.matched.Len() != maxCachedHashes {
		t.Errorf("%d", m.matched.Len())
	}
}

func TestChosenSecretsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, chosen := range []string{"short", strings.Repeat("x", oauth.MaxPassword+1), "with\na break", "invalid\xffUTF-8"} {
		_, shown, err := newStage().replica().Register(t.Context(), confidential("demo"), chosen)
		if err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata || shown != "" {
			t.Errorf("%.20q: %v", chosen, err)
		}
	}
	_, _, err := newStage().replica().Register(t.Context(), public("spa"), "demo-secret")
	if err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("a public client: %v", err)
	}
	c, shown, err := newStage().replica().Register(t.Context(), public("spa"), "")
	if err != nil || shown != "" || len(c.Secrets) != 0 {
		t.Errorf("a public client got a secret: %v", err)
	}
}

func TestRotationOverlapsAndThenEndsByItself(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	c, first, err := r.Register(t.Context(), confidential("demo"), "")
	must(t, err)
	_, second, err := r.AddSecret(t.Context(), c.ID, s.now().Add(48*time.Hour), 24*time.Hour)
	must(t, err)
	if !fits(t, r, c.ID, first) || !fits(t, r, c.ID, second) {
		t.Error("not both fit during the overlap")
	}
	s.pass(24*time.Hour - time.Second)
	if !fits(t, r, c.ID, first) {
		t.Error("the overlap ends too early")
	}
	s.pass(time.Second)
	if fits(t, r, c.ID, first) || !fits(t, r, c.ID, second) {
		t.Error("the overlap does not end")
	}
	s.pass(24 * time.Hour)
	if fits(t, r, c.ID, second) {
		t.Error("a secret outlives its expiry")
	}
	_, third, err := r.AddSecret(t.Context(), c.ID, time.Time{}, 0)
	must(t, err)
	if got, _ := r.Client(t.Context(), c.ID); len(got.Secrets) != 1 || !fits(t, r, c.ID, third) {
		t.Errorf("what ended is not swept up: %+v", got.Secrets)
	}
	if _, _, err := r.AddSecret(t.Context(), c.ID, time.Time{}, 0); err != nil || fits(t, r, c.ID, third) {
		t.Errorf("an overlap of 0 does not end the earlier one at once: %v", err)
	}
}

func TestOverlapNeverLengthensASecret(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	id := registered(t, r, "demo").ID
	_, short, err := r.AddSecret(t.Context(), id, s.now().Add(time.Hour), time.Hour)
	must(t, err)
	_, _, err = r.AddSecret(t.Context(), id, time.Time{}, 24*time.Hour)
	must(t, err)
	s.pass(time.Hour)
	if fits(t, r, id, short) {
		t.Error("a rotation lengthened a secret's life")
	}
}

func TestSecretsAreBoundedAndDropped(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	c, first, err := r.Register(t.Context(), confidential("demo"), "")
	must(t, err)
	for range maxSecrets - 1 {
		_, _, err := r.AddSecret(t.Context(), c.ID, time.Time{}, time.Hour)
		must(t, err)
	}
	if _, _, err := r.AddSecret(t.Context(), c.ID, time.Time{}, time.Hour); oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("an eleventh: %v", err)
	}
	must(t, r.DropSecret(t.Context(), c.ID, c.Secrets[0].ID))
	if fits(t, r, c.ID, first) {
		t.Error("a dropped secret fits")
	}
	if err := r.DropSecret(t.Context(), c.ID, c.Secrets[0].ID); oauth.AsError(err).Code != oauth.NotFound {
		t.Errorf("dropped twice: %v", err)
	}
	_, _, err = r.Register(t.Context(), public("spa"), "")
	must(t, err)
	if _, _, err := r.AddSecret(t.Context(), "spa", time.Time{}, 0); oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("a public client: %v", err)
	}
}

func TestBrokenHashIsNoAnswer(t *testing.T) {
	t.Parallel()
	r := newStage().replica()
	c := oauth.Client{ID: "demo", Secrets: []oauth.Secret{{Scheme: oauth.SchemeArgon2id, Hash: "$argon2id$broken"}}}
	if ok, err := r.CheckSecret(t.Context(), c, "demo-secret"); ok || !errors.Is(err, secret.ErrHash) {
		t.Errorf("%t, %v", ok, err)
	}
}

func BenchmarkCheckSecret(b *testing.B) {
	r := newStage().replica()
	c, shown, err := r.Register(b.Context(), confidential("demo"), "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := r.CheckSecret(b.Context(), c, shown.Reveal()); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
