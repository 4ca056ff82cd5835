package keyring

import (
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestRotateWaitsUntilEveryReplicaKnowsTheKey(t *testing.T) {
	t.Parallel()
	s := newStage()
	r, other := s.replica(t), s.replica(t)
	for _, use := range []string{UseSign, UseMAC, UsePepper} {
		old := ofUse(r, use)[Active][0]
		must(t, r.Rotate(t.Context(), use))
		if got := ofUse(r, use); !slices.Equal(got[Active], []string{old}) || len(got[Published]) != 1 {
			t.Errorf("%s at once: %v", use, got)
		}
		must(t, r.Rotate(t.Context(), use)) // impatience makes no second one
		successor := ofUse(r, use)[Published]
		s.pass(r.o.Settle)
		if got := ofUse(r, use); len(successor) != 1 || !slices.Equal(got[Active], successor) || !slices.Equal(got[Retired], []string{old}) {
			t.Errorf("%s after a while: %v", use, got)
		}
	}
	must(t, other.Turn(t.Context()))
	if !verifies(other, signed(t, r)) {
		t.Error("another replica does not know the new key")
	}
	if err := r.Rotate(t.Context(), "cooking"); oauth.AsError(err).Code != oauth.InvalidRequest {
		t.Errorf("an unknown use: %v", err)
	}
}

func TestRotatePromotesThePublishedKey(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	s.pass(29*day + time.Hour)
	must(t, r.Turn(t.Context()))
	s.pass(time.Minute)
	successor := ofUse(r, UseSign)[Published]
	must(t, r.Rotate(t.Context(), UseSign))
	if got := ofUse(r, UseSign); !slices.Equal(got[Active], successor) || len(got[Published]) != 0 {
		t.Errorf("%v", got)
	}
}

func TestPepperIsNeverDroppedByTheCalendar(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	old, pepper := r.Pepper()
	must(t, r.Rotate(t.Context(), UsePepper))
	s.pass(20 * 365 * day)
	must(t, r.Turn(t.Context()))
	if id, _ := r.Pepper(); id == old || !same(r.PepperOf(old), pepper) {
		t.Error("client secrets under the old pepper can no longer be checked")
	}
	if r.PepperOf("pepper-00000000") != nil || r.PepperOf(ofUse(r, UseMAC)[Active][0]) != nil {
		t.Error("a pepper that is none")
	}
}

func TestJ12_DroppedKeyIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage()
	r, other := s.replica(t), s.replica(t)
	token := signed(t, r)
	kid := kidOf(t, token)
	must(t, r.Rotate(t.Context(), UseSign))
	s.pass(r.o.Settle)
	if !verifies(r, token) || len(r.JWKS(t.Context()).Keys) != 2 {
		t.Error("a rotated-out key that is still published does not verify")
	}
	must(t, r.Drop(t.Context(), kid))
	if verifies(r, token) || len(r.JWKS(t.Context()).Keys) != 1 {
		t.Error("a dropped key still verifies, or is still published")
	}
	must(t, other.Turn(t.Context()))
	if verifies(other, token) {
		t.Error("another replica still accepts it after its next turn")
	}
	if err := r.Drop(t.Context(), kid); oauth.AsError(err).Code != oauth.NotFound {
		t.Errorf("dropped twice: %v", err)
	}
}

func TestDroppingTheOnlyKeyReplacesItAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	must(t, r.Drop(t.Context(), ofUse(r, UseSign)[Active][0]))
	if !verifies(r, signed(t, r)) {
		t.Error("nothing signs")
	}
	s.pass(29 * day)
	must(t, r.Turn(t.Context()))
	must(t, r.Drop(t.Context(), ofUse(r, UseSign)[Active][0]))
	if got := ofUse(r, UseSign); len(got[Active]) != 1 || len(got[Published]) != 0 {
		t.Errorf("the published key did not take over: %v", got)
	}
	old, _ := r.SealingKey()
	must(t, r.Drop(t.Context(), ofUse(r, UseMAC)[Active][0]))
	if id, key := r.SealingKey(); r.KeyOf(old) != nil || key == nil || id == old {
		t.Error("a dropped MAC key is still known, or nothing seals")
	}
}
