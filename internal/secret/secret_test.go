package secret

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestNewTokenNeedsNoEncoding(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	seen := map[string]bool{}
	for range 1000 {
		token := NewToken(32)
		if !form.MatchString(token) {
			t.Fatalf("%q is not 43 characters of base64url", token)
		}
		if seen[token] {
			t.Fatal("the same token twice")
		}
		seen[token] = true
	}
}

func TestMACFramesItsParts(t *testing.T) {
	t.Parallel()
	key := NewMACKey(Random(32))
	messages := [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}}
	seen := map[[32]byte]int{}
	for i, parts := range messages {
		sum := MAC(key, parts...)
		if earlier, taken := seen[sum]; taken {
			t.Errorf("%q and %q have one MAC", messages[earlier], parts)
		}
		seen[sum] = i
	}
	first, again := MAC(key, "a"), MAC(key, "a")
	if first != again || first == MAC(NewMACKey(Random(32)), "a") {
		t.Error("a MAC depends on its key and its parts, and on nothing else")
	}
}

func TestSealerOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	s := sealer(t, Random(MasterKeySize))
	plain := []byte("the private key")
	box := s.Seal("purpose", plain)
	if bytes.Contains(box, plain) {
		t.Error("the box holds the plain text")
	}
	if bytes.Equal(box, s.Seal("purpose", plain)) {
		t.Error("two boxes of one text are the same")
	}
	if got, err := s.Open("purpose", box); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open: %q, %v", got, err)
	}
	if _, err := s.Open("another purpose", box); !errors.Is(err, ErrBox) {
		t.Errorf("for another purpose: %v", err)
	}
	if _, err := sealer(t, Random(MasterKeySize)).Open("purpose", box); !errors.Is(err, ErrOtherKey) {
		t.Errorf("under another master key: %v", err)
	}
}

func TestSealerRefusesEveryChangeOfABox(t *testing.T) {
	t.Parallel()
	s := sealer(t, Random(MasterKeySize))
	box := s.Seal("purpose", []byte("text"))
	for i := range box {
		changed := bytes.Clone(box)
		changed[i] ^= 1
		if _, err := s.Open("purpose", changed); err == nil {
			t.Errorf("opened with byte %d changed", i)
		}
		if _, err := s.Open("purpose", box[:i]); !errors.Is(err, ErrBox) {
			t.Errorf("opened with %d bytes: %v", i, err)
		}
	}
}

func TestSealerReplacesItsMasterKey(t *testing.T) {
	t.Parallel()
	older, newer := Random(MasterKeySize), Random(MasterKeySize)
	box := sealer(t, older).Seal("purpose", []byte("text"))
	both := sealer(t, newer, older)
	if _, err := both.Open("purpose", box); err != nil {
		t.Fatalf("the previous key does not open: %v", err)
	}
	if !both.Stale(box) || both.Stale(both.Seal("purpose", nil)) {
		t.Error("a box is stale exactly when it lies under a previous key")
	}
	if _, err := NewSealer(older[:31]); err == nil {
		t.Error("a master key of 31 bytes was taken")
	}
}

func sealer(t *testing.T, master []byte, previous ...[]byte) *Sealer {
	t.Helper()
	s, err := NewSealer(master, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAMACerMakesTheMACsOfItsKey(t *testing.T) {
	t.Parallel()
	key := Random(32)
	m := NewMACer(key)
	for _, parts := range [][]string{{}, {""}, {"ab", "c"}, {"a", "bc"}, {strings.Repeat("long ", 100), "x"}, {}} {
		var raw [][]byte
		for _, part := range parts {
			raw = append(raw, []byte(part))
		}
		if want := MAC(NewMACKey(key), parts...); !Equal(m.MAC(raw...), want[:]) {
			t.Errorf("%q: another MAC", parts)
		}
	}
}
