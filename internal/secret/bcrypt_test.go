package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// foreign is a hash of "correct horse", at the lowest cost.
const foreign = "$2a$04$f2nujOL95hCPjo36M0NW8uHem.PaDiNB9xecyjiiC5805YHS6Tq/6"

func TestBcryptHashesOfOtherServersAreChecked(t *testing.T) {
	t.Parallel()
	h := secret.NewHasher(secret.HasherOptions{Memory: 8192, Time: 1})
	for shown, want := range map[string]bool{"correct horse": true, "wrong horse": false, "": false, strings.Repeat("a", 2000): false} {
		got, err := h.Verify(t.Context(), foreign, shown)
		if err != nil || got != want {
			t.Errorf("a password of %d bytes: %v %v", len(shown), got, err)
		}
	}
	for _, minor := range []string{"b", "y"} { // other prefixes of the same algorithm
		if got, err := h.Verify(t.Context(), "$2"+minor+foreign[3:], "correct horse"); err != nil || !got {
			t.Errorf("$2%s$: %v %v", minor, got, err)
		}
	}
}

// A hash that would cost more than allowed is not computed, for any importer.
func TestKindOfHash(t *testing.T) {
	t.Parallel()
	h := secret.NewHasher(secret.HasherOptions{Memory: 8192, Time: 1})
	own, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	for hash, want := range map[string]secret.HashKind{
		own: secret.KindArgon2id, foreign: secret.KindBcrypt, "$2a$14$" + foreign[7:]: secret.KindBcrypt,
		"$2a$15$" + foreign[7:]: "", foreign + "x": "", foreign[:59]: "", "$2": "", "$1$abc$def": "", "": "", "plain": "",
	} {
		if got := secret.KindOfHash(hash); got != want {
			t.Errorf("%.20s…: %q, want %q", hash, got, want)
		}
		if want == "" {
			if _, err := h.Verify(t.Context(), hash, "correct horse"); !errors.Is(err, secret.ErrHash) {
				t.Errorf("%.20s… is checked: %v", hash, err)
			}
		}
	}
}
