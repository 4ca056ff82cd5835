package secret_test

import (
	"context"
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

// Hashes of "correct horse", computed by another implementation.
const (
	stretched = "$pbkdf2-sha256$i=25000,l=32$1KBPIbXk5dnJXVUjoqvGAA$xDEI5Ci8Ck1hLc1TbU6NVlWJF2Lm93hein/tALoB0/Q"
	short     = "$pbkdf2-sha256$i=1000,l=32$1KBPIbXk5dnJXVUjoqvGAA$ktkuF5HpNxSjmRkjPua6/A1qeEcOFbccRX12OdbLRUU"
)

func TestPBKDF2HashesOfOtherServersAreChecked(t *testing.T) {
	t.Parallel()
	h := secret.NewHasher(secret.HasherOptions{Memory: 8192, Time: 1})
	for _, hash := range []string{stretched, short} {
		for shown, want := range map[string]bool{"correct horse": true, "wrong horse": false, "": false, strings.Repeat("a", 2000): false} {
			got, err := h.Verify(t.Context(), hash, shown)
			if err != nil || got != want {
				t.Errorf("a password of %d bytes: %v %v", len(shown), got, err)
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := h.Verify(ended, short, "correct horse"); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: %v", err)
	}
}

// A hash that would cost more than allowed, or has a second spelling, is not computed.
func TestPBKDF2HashesHaveBounds(t *testing.T) {
	t.Parallel()
	h := secret.NewHasher(secret.HasherOptions{Memory: 8192, Time: 1})
	change := func(from, to string) string { return strings.Replace(short, from, to, 1) }
	for hash, want := range map[string]secret.HashKind{
		stretched: secret.KindPBKDF2, change("i=1000", "i=1000000"): secret.KindPBKDF2,
		change("i=1000", "i=1000001"): "", change("i=1000", "i=0"): "", change("i=1000", "i=-1"): "", change("i=1000", "i=01000"): "",
		change("i=1000", "i=99999999999999999999"): "", change("l=32", "l=33"): "", change("l=32", "l=32 "): "", change(",l=32", ""): "",
		change("sha256", "sha512"): "", short + "=": "", short + "$": "", short[:len(short)-1]: "", change("$1K", "$1K\n"): "",
		"$pbkdf2-sha256$i=1000,l=32$$": "", "$pbkdf2-sha256$": "",
		"$pbkdf2-sha256$i=1000,l=32$AAAA" + short[strings.LastIndex(short, "$"):]: "",
	} {
		if got := secret.KindOfHash(hash); got != want {
			t.Errorf("%q: %q, want %q", hash, got, want)
		}
		if want == "" {
			if _, err := h.Verify(t.Context(), hash, "correct horse"); !errors.Is(err, secret.ErrHash) {
				t.Errorf("%q is checked: %v", hash, err)
			}
		}
	}
}
