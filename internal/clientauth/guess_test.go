package clientauth

import (
	"context"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// tries counts the guesses that are counted in the store.
type tries struct {
	store.Limits // nil: nothing else is called
	n            int
}

func (l *tries) Try(_ context.Context, _ store.Attempt, budgets []store.Budget, _ time.Time) ([]store.Trial, error) {
	l.n++
	all := make([]store.Trial, len(budgets))
	for i := range all {
		all[i].Allowed = true
	}
	return all, nil
}

func (*tries) Return(context.Context, ...store.Counted) error { return nil }

// signed is a method whose proofs are signed.
type signed struct{}

func (signed) Describe() oauth.ClientAuth                                        { return oauth.ClientAuth{Name: "signed"} }
func (signed) Recognize(Request) (Credentials, bool, error)                      { return Credentials{}, false, nil }
func (signed) Verify(context.Context, oauth.Client, Credentials) (string, error) { return "", nil }

// Only a secret can be guessed. A request without one, or with a signed proof, is not counted: it would cost a round trip
// and could lock out a client that has no secret.
func TestOnlySecretsAreCountedAsGuesses(t *testing.T) {
	t.Parallel()
	s, counted := newStage(t), &tries{}
	s.o.Guard = ratelimit.NewGuard(ratelimit.GuardOptions{
		Store: counted, Events: event.Sinks{}, Now: s.o.Now,
		Subject: ratelimit.Limit{Rule: "client_failures", Rate: ratelimit.Rate{Count: 1, Per: time.Minute}},
	})
	s.methods = append(s.methods, served{signed{}, signed{}.Describe()})
	s.shelf.clients["signed"] = oauth.Client{ID: "signed", Method: "signed"}
	for _, c := range []Credentials{
		{ID: "public", Method: oauth.AuthNone}, {ID: "signed", Method: "signed", Proof: "a.signed.proof"},
	} {
		if _, err := s.authenticate(t.Context(), c); err != nil || counted.n != 0 {
			t.Errorf("%s: %v, %d guesses counted", c.ID, err, counted.n)
		}
	}
	if _, err := s.authenticate(t.Context(), Credentials{ID: "basic", Method: oauth.AuthNone}); err == nil || counted.n != 0 {
		t.Errorf("no secret where one is registered: %v, %d guesses counted", err, counted.n)
	}
	for i, method := range []oauth.AuthMethod{oauth.AuthBasic, oauth.AuthPost, "unknown"} {
		if _, err := s.authenticate(t.Context(), Credentials{ID: "basic", Method: method, Proof: "wrong"}); err == nil || counted.n != i+1 {
			t.Errorf("%s: %v, %d guesses counted", method, err, counted.n)
		}
	}
}
