package granttype_test

import (
	"context"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// forgetful is a store that has dropped every grant.
type forgetful struct{ store.Grants }

func (forgetful) Advance(context.Context, store.Presentation) (store.Outcome, error) {
	return store.Outcome{Verdict: oauth.Unknown}, nil
}

// The store drops a code's grant some time after the code has ended. The client learns that the code has expired, which
// the code itself shows, and not that it may have been revoked.
func TestACodeThatTheStoreForgotHasExpired(t *testing.T) {
	t.Parallel()
	const expired, either = "the authorization code has expired", "the authorization code has expired or was revoked"
	r := newRoom(t)
	code, _ := r.code(t)
	r.grants.Grants = forgetful{r.grants.Grants}
	for _, want := range []string{either, expired} {
		_, err := r.redeem(t, code)
		refused(t, want, err, oauth.InvalidGrant)
		if got := oauth.AsError(err).Description; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		r.Pass(11 * time.Minute)
	}
}

// The entry about a token names its user and grant, if it has any.
func TestTheEventOfATokenNamesItsUserAndGrant(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	issued := func() event.TokenIssued {
		t.Helper()
		for _, one := range r.Emitted() {
			if e, is := one.(event.TokenIssued); is {
				return e
			}
		}
		t.Fatal("no token was issued")
		return event.TokenIssued{}
	}
	code, ref := r.code(t)
	_, err := r.redeem(t, code)
	ok(t, err)
	if e := issued(); e.Grant != ref || e.User == "" {
		t.Errorf("for a code: user %q, grant %q", e.User, e.Grant)
	}
	r.Reset()
	_, err = r.exchange(t, app(), oauth.GrantClientCredentials, "scope", "read")
	ok(t, err)
	if e := issued(); e.Grant != "" || e.User != "" {
		t.Errorf("for a client: user %q, grant %q", e.User, e.Grant)
	}
}
