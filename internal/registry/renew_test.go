package registry

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

const elsewhere = "a secret of elsewhere"

func bcryptOf(t *testing.T, factor int) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(elsewhere), factor)
	must(t, err)
	return string(hash)
}

func pbkdf2Of(t *testing.T, iterations int) string {
	t.Helper()
	salt := []byte("sixteen bytes ..")
	digest, err := pbkdf2.Key(sha256.New, elsewhere, salt, iterations, 32)
	must(t, err)
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$pbkdf2-sha256$i=%d,l=32$%s$%s", iterations, text(salt), text(digest))
}

func TestF_S20_AHashThatIsCheapToGuessAtIsNotImported(t *testing.T) {
	t.Parallel()
	r := newStage().replica()
	own, err := r.o.Hasher.Hash(t.Context(), elsewhere)
	must(t, err)
	cheap, err := secret.NewHasher(secret.HasherOptions{Memory: 4096, Time: 1}).Hash(t.Context(), elsewhere)
	must(t, err)
	for i, one := range []struct {
		hash  string
		taken bool
	}{
		{bcryptOf(t, 4), false}, {bcryptOf(t, 9), false}, {bcryptOf(t, 10), true},
		{pbkdf2Of(t, 1), false}, {pbkdf2Of(t, 9_999), false}, {pbkdf2Of(t, 10_000), true},
		{cheap, false}, {own, true},
	} {
		c := confidential(fmt.Sprint("imported-", i))
		_, err := r.RegisterHashed(t.Context(), c, one.hash)
		if one.taken != (err == nil) || err != nil && !strings.Contains(err.Error(), "too weak") {
			t.Errorf("%.30s: %v, want taken %v", one.hash, err, one.taken)
		}
	}
}

func TestF_S20_AnImportedHashIsRenewedAtTheFirstSuccess(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]string{"bcrypt": bcryptOf(t, 10), "pbkdf2": pbkdf2Of(t, 10_000)} {
		s := newStage()
		r, other := s.replica(), s.replica()
		made, err := r.RegisterHashed(t.Context(), confidential("imported"), hash)
		must(t, err)
		if fits(t, r, made.ID, "wrong") {
			t.Errorf("%s: a wrong secret fits", name)
		}
		if c, err := r.o.Store.Get(t.Context(), made.ID); err != nil || c.Secrets[0].Hash != hash {
			t.Errorf("%s: a wrong secret renews the hash: %v", name, err)
		}
		if !fits(t, r, made.ID, elsewhere) {
			t.Errorf("%s: the secret does not fit", name)
		}
		c, err := r.o.Store.Get(t.Context(), made.ID)
		must(t, err)
		renewed := c.Secrets[0]
		if renewed.Scheme != oauth.SchemeArgon2id || !r.o.Hasher.Current(renewed.Hash) || renewed.ID != made.Secrets[0].ID || len(c.Secrets) != 1 {
			t.Errorf("%s: %+v", name, renewed)
		}
		if !fits(t, r, made.ID, elsewhere) || !fits(t, other, made.ID, elsewhere) || fits(t, other, made.ID, "wrong") {
			t.Errorf("%s: the renewed hash is another one's", name)
		}
	}
}

// How long the slowest check takes is known before anybody asks: from the import, and on a replica that did
// not see it from the list of clients.
func TestF_S20_TheSlowestCheckIsKnownBeforehand(t *testing.T) {
	t.Parallel()
	s := newStage()
	r, other := s.replica(), s.replica()
	r.o.Now, other.o.Now = time.Now, time.Now
	_, _, err := r.Register(t.Context(), confidential("generated"), "")
	must(t, err)
	if r.SlowestCheck() != 0 {
		t.Error("a generated secret is checked slowly")
	}
	_, err = r.RegisterHashed(t.Context(), confidential("imported"), bcryptOf(t, 10))
	must(t, err)
	must(t, other.LearnCosts(context.WithoutCancel(t.Context())))
	if r.SlowestCheck() < time.Millisecond || other.SlowestCheck() < time.Millisecond {
		t.Errorf("known here: %v, on the other replica: %v", r.SlowestCheck(), other.SlowestCheck())
	}
}
