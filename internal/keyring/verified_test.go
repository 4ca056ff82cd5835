package keyring

import (
	"strings"
	"testing"
)

// What is remembered is one token as one type: nothing else passes for it, and a dropped key ends it.
func TestAVerifiedTokenIsRememberedForItselfOnly(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	token := signed(t, r)
	for range 2 {
		if !verifies(r, token) {
			t.Fatal("a token of ours is refused")
		}
	}
	if r.verified.Len() != 1 {
		t.Errorf("%d tokens are remembered, not 1", r.verified.Len())
	}
	if _, err := r.Verify(token, "JWT"); err == nil {
		t.Error("an access token passes as another type")
	}
	dot := strings.LastIndexByte(token, '.')
	for _, forged := range []string{token[:dot+1], token[:dot+1] + strings.Repeat("A", len(token)-dot-1), token + "A"} {
		if verifies(r, forged) {
			t.Errorf("accepted: %s", forged)
		}
	}
	if r.verified.Len() != 1 {
		t.Error("a refusal is remembered")
	}

	s.pass(30 * day) // a successor serves; the retired key verifies for as long as its tokens live
	must(t, r.Turn(t.Context()))
	if !verifies(r, token) {
		t.Error("refused while its key is in the ring")
	}
	s.pass(100 * day)
	if verifies(r, token) || r.verified.Len() != 0 {
		t.Errorf("its key is dropped: accepted, or remembered (%d)", r.verified.Len())
	}
}

func TestLargeClaimsAreNotRemembered(t *testing.T) {
	t.Parallel()
	r := newStage().replica(t)
	token, err := r.Sign(t.Context(), "", "at+jwt", map[string]string{"sub": strings.Repeat("a", mostVerifiedClaims)})
	must(t, err)
	if !verifies(r, token) || r.verified.Len() != 0 {
		t.Errorf("%d tokens are remembered", r.verified.Len())
	}
}

// The second look at a token checks no signature, which would allocate.
func TestARememberedSignatureIsNotCheckedAgain(t *testing.T) { //nolint:paralleltest // it counts allocations
	r := newStage().replica(t)
	token := signed(t, r)
	if !verifies(r, token) {
		t.Fatal("a token of ours is refused")
	}
	if got := testing.AllocsPerRun(100, func() { verifies(r, token) }); got > 1 { // the bytes of the token
		t.Errorf("%v allocations to verify a token again, not 1", got)
	}
}
