package authorize_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// S17: a consent of another tab is none for a request that demands one of its own.
func TestF_S17_ADecisionCountsForItsOwnInteraction(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	here, err := r.Seal(t.Context(), r.pending(t, "prompt", "consent", "scope", "read write"), ours())
	ok(t, err)
	r.Pass(time.Second)
	there := r.allow(t, r.pending(t, "scope", "read write"), s)
	p, err := r.Resume(t.Context(), here, ours())
	ok(t, err)
	r.step(t, p, &s, authorize.NeedConsent)
	r.step(t, there, &s, authorize.Ready)
	p = r.allow(t, p, s)
	r.step(t, p, &s, authorize.Ready)
	other := s
	other.User = "7d44f3f0-0000-4000-8000-000000000002"
	r.step(t, p, &other, authorize.NeedConsent) // another person's decision
	ok(t, r.Withdraw(t.Context(), s.User, "app"))
	r.step(t, p, &s, authorize.NeedConsent) // withdrawn before the code was issued
}

// S17: a withdrawal that is acknowledged while a code is issued leaves no grant.
func TestF_S17_AGrantThatRacesWithAWithdrawalDies(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"app", "own"} { // own never asks
		r := newRoom(t)
		s := r.signIn(t)
		p := r.allow(t, r.pending(t, "client_id", client), s)
		r.step(t, p, &s, authorize.Ready)
		_, err := r.Step(t.Context(), &p, &s)
		ok(t, err)
		var made oauth.Grant
		r.created = func(g oauth.Grant) {
			made = g
			// The withdrawal has listed the grants before this one, and takes the consent away now.
			ok(t, r.consents.Withdraw(t.Context(), s.User, oauth.ClientID(client)))
		}
		_, err = r.Issue(t.Context(), p, s)
		refused(t, client, err, oauth.AccessDenied, true)
		if _, err := r.grants.Get(t.Context(), made.Ref); !errors.Is(err, store.Absent) {
			t.Errorf("%s: the grant lives: %v", client, err)
		}
	}
}

// S17: the withdrawal of another client's consent at the same moment takes nothing from this one.
func TestF_S17_AnotherClientsWithdrawalEndsNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	p := r.allow(t, r.pending(t), s)
	_, err := r.Step(t.Context(), &p, &s)
	ok(t, err)
	r.created = func(oauth.Grant) { ok(t, r.consents.Withdraw(t.Context(), s.User, "another")) }
	if _, err = r.Issue(t.Context(), p, s); err != nil {
		t.Error(err)
	}
}

// S17: two consents at once lose none, and withdrawals that race with codes leave no grant.
func TestF_S17_RoundsOfIssuingAndWithdrawing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	for range 25 {
		p := r.allow(t, r.pending(t), s)
		var race sync.WaitGroup
		race.Go(func() {
			if step, err := r.Step(t.Context(), &p, &s); err == nil && step == authorize.Ready {
				_, _ = r.Issue(t.Context(), p, s)
			}
		})
		race.Go(func() { ok(t, r.Withdraw(t.Context(), s.User, "app")) })
		race.Wait()
		page, err := r.grants.OfUser(t.Context(), store.GrantQuery{User: s.User, Limit: 100})
		grants := page.Grants
		ok(t, err)
		if len(grants) != 0 {
			t.Fatalf("%d grants outlive the withdrawal", len(grants))
		}
		for _, scope := range []string{"read", "write"} {
			race.Go(func() { r.allow(t, r.pending(t, "scope", scope), s) })
		}
		race.Wait()
		r.step(t, r.pending(t, "scope", "read write"), &s, authorize.Ready)
		ok(t, r.Withdraw(t.Context(), s.User, "app"))
	}
}

// What the account page's form says is stored only for a client that can have something of the user's.
func TestF_S01_AMadeUpClientIsNotWithdrawn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.signIn(t)
	latest := func() oauth.Generation {
		found, err := r.sessions.Get(t.Context(), s.Ref)
		ok(t, err)
		return found.Latest
	}
	before := latest()
	for _, id := range []string{"", "nobody", "@withdrawals", "no id\n", strings.Repeat("x", 100_000)} {
		t.Run(fmt.Sprintf("%.20q", id), func(t *testing.T) {
			ok(t, r.Withdraw(t.Context(), s.User, oauth.ClientID(id)))
			if latest() != before {
				t.Fatalf("a withdrawal from %.20q was stored", id)
			}
		})
	}
	// A consent outlives its client until the cleanup: a client of the same id must not find it.
	_, err := r.consents.Give(t.Context(), s.User, oauth.Consent{Client: "deleted", Scope: oauth.Scopes{"read"}, Given: r.Now()}, time.Time{})
	ok(t, err)
	ok(t, r.Withdraw(t.Context(), s.User, "deleted"))
	if state, err := r.consents.Of(t.Context(), s.User, "deleted"); err != nil || state.Consent.Client != "" || latest() == before {
		t.Errorf("the consent to a deleted client: %+v, %v", state, err)
	}
}
