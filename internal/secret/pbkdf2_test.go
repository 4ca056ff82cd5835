package secret_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

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
