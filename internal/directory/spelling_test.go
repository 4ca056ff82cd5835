package directory_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const (
	nfc = "Ren\u00e9e"
	nfd = "Rene\u0301e"
)

// A name and a password are the same in every spelling of Unicode.
func TestF_P10_OnePersonWhateverTheirKeyboardSends(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	_, err := p.Create(t.Context(), nfd, "m\u00fcesli "+password, "", "")
	ok(t, err)
	for _, name := range []string{nfc, nfd, "REN\u00c9E", "\uff32en\u00e9e"} {
		for _, typed := range []string{"m\u00fcesli " + password, "mu\u0308esli " + password, "m\u00fcesli\u00a0" + password} {
			if account, err := p.Verify(t.Context(), name, typed); err != nil || account.User.Name != nfc {
				t.Errorf("%+q with %+q: %+q, %v", name, typed, account.User.Name, err)
			}
		}
	}
	if _, err := p.Create(t.Context(), nfc, password, "", ""); !errors.Is(err, store.Conflict) {
		t.Errorf("a second account of one name: %v", err)
	}
}

// A user who was stored before names and passwords had one form signs in as before, in every spelling, and is
// stored in the one form from then on.
func TestF_P10_EarlierRecordsAreFoundAndRenewed(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	old := secret.NewHasher(secret.HasherOptions{Memory: 128, Time: 1}) // also at another cost
	hash, err := old.Hash(t.Context(), "mu\u0308esli "+password)
	ok(t, err)
	user := oauth.User{ID: "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3a09", Name: nfd}
	credentials := oauth.Credentials{PasswordHash: hash}
	_, err = p.users.Put(t.Context(), oauth.Account{User: user, Credentials: credentials})
	ok(t, err)
	if _, err := p.Create(t.Context(), nfc, password, "", ""); !errors.Is(err, store.Conflict) {
		t.Errorf("an account beside an earlier one: %v", err)
	}
	// Two sign-ins at the same time both succeed, and what they proved still holds.
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			found, err := p.Verify(t.Context(), nfc, "m\u00fcesli "+password)
			if err != nil {
				t.Error(err)
				return
			}
			if still, err := p.Still(t.Context(), found); !still || err != nil {
				t.Errorf("still %v, %v", still, err)
			}
		})
	}
	both.Wait()
	after, err := p.Account(t.Context(), user.ID)
	ok(t, err)
	renewed := after.Credentials.PasswordHash
	current := secret.NewHasher(cheap)
	right, err := current.Verify(t.Context(), renewed, "m\u00fcesli "+password)
	ok(t, err)
	if after.User.Name != nfc || !right || !current.Current(renewed) {
		t.Errorf("after the sign-in: name %+q, in one form %v, at today's cost %v", after.User.Name, right, current.Current(renewed))
	}
	for _, name := range []string{nfc, nfd} {
		if found, err := p.Find(t.Context(), name); err != nil || found.ID != user.ID {
			t.Errorf("%+q: %v", name, err)
		}
	}
	ok(t, p.Delete(t.Context(), user.ID))
	if _, err := p.Create(t.Context(), nfd, password, "", ""); err != nil {
		t.Errorf("the name is not free: %v", err)
	}
}

// A person with an account in each spelling keeps both.
func TestF_P10_TwoEarlierAccountsStayApart(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	hash, err := secret.NewHasher(cheap).Hash(t.Context(), password)
	ok(t, err)
	first := oauth.User{ID: "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3a01", Name: nfc}
	second := oauth.User{ID: "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3a02", Name: nfd}
	for _, u := range []oauth.User{first, second} {
		_, err := p.users.Put(t.Context(), oauth.Account{User: u, Credentials: oauth.Credentials{PasswordHash: hash}})
		ok(t, err)
	}
	for range 2 {
		for _, u := range []oauth.User{first, second} {
			if found, err := p.Verify(t.Context(), u.Name, password); err != nil || found.User.ID != u.ID {
				t.Errorf("%+q: %s, %v", u.Name, found.User.ID, err)
			}
		}
	}
}

func TestF_S21_LookAlikeNamesAreRefused(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	p.create(t, "ada")
	for _, name := range []string{"\uff41\uff44\uff41", "ad\u200ba", "\u0430da", "ada\u00ad", " ADA "} {
		if _, err := p.Create(t.Context(), name, password, "", ""); oauth.AsError(err).Code != oauth.InvalidRequest {
			t.Errorf("%+q: %v", name, err)
		}
	}
}
