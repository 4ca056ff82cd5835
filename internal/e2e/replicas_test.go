package e2e

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// crowd is the number of concurrent callers.
const crowd = 50

func asRetrieve(err error, into **oauth2.RetrieveError) bool { return errors.As(err, into) }

// Two daemons share one Redis: of concurrent requests for something that only one may get, exactly one succeeds.
func TestTwoDaemonsOnOneRedis(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "", onRedis(redistest.Start(t))...)
	s.serve(t)
	second := s.replica(t)
	web, app := s.client(t, "planner", webApp...), s.client(t, "pocket", publicApp...)
	s.user(t, "ada", "a long enough password")

	t.Run("C02 one code and fifty redemptions", func(t *testing.T) {
		t.Parallel()
		code := app.authorize(t, s.person(t, "ada", "a long enough password"), testkit.Verifier)
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {testkit.Verifier}}
		answers := together(t, app, app.at(second.URL), form)
		var won []testkit.Answer
		for _, a := range answers {
			switch {
			case a.Status == http.StatusOK:
				won = append(won, a)
			case a.Status != http.StatusBadRequest || a.Text("error") != "invalid_grant":
				t.Errorf("a refused request got %d %s", a.Status, a.Raw)
			}
		}
		if len(won) != 1 {
			t.Fatalf("%d token sets for one code", len(won))
		}
		if web.active(t, won[0].Text("access_token")) {
			t.Error("C01: the second use of the code did not end the grant")
		}
	})

	t.Run("R02 one refresh token and fifty refreshes", func(t *testing.T) {
		t.Parallel()
		token := app.login(t, s.person(t, "ada", "a long enough password"))
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}
		successors, accesses := map[string]bool{}, map[string]bool{}
		for _, a := range together(t, app, app.at(second.URL), form) {
			if a.Status != http.StatusOK {
				t.Errorf("inside the grace: %d %s", a.Status, a.Raw)
			}
			successors[a.Text("refresh_token")], accesses[a.Text("access_token")] = true, true
		}
		if len(successors) != 1 || len(accesses) != 1 || successors[token.RefreshToken] {
			t.Fatalf("%d successors and %d access tokens", len(successors), len(accesses))
		}
		for access := range accesses {
			if !web.active(t, access) {
				t.Error("the successor is not active")
			}
		}
		for successor := range successors {
			token.RefreshToken = successor
		}
		if renewed := refresh(t, app.at(second.URL), token); !web.active(t, renewed.AccessToken) {
			t.Error("the successor cannot be renewed")
		}
	})

	t.Run("a change through one daemon is in force at the other", func(t *testing.T) {
		t.Parallel()
		token := web.login(t, s.person(t, "ada", "a long enough password"))
		other := web.at(second.URL)
		if !other.active(t, token.AccessToken) {
			t.Error("a token of one daemon is not active at the other")
		}
		if gone := other.post(t, "/revoke", url.Values{"token": {token.AccessToken}}); gone.Status != http.StatusOK {
			t.Errorf("revoking: %d %s", gone.Status, gone.Raw)
		}
		if web.active(t, token.AccessToken) {
			t.Error("a token that was revoked at one daemon is active at the other")
		}
	})
}

// together posts the same form many times at once, alternating between two daemons.
func together(t testing.TB, one, other party, form url.Values) []testkit.Answer {
	t.Helper()
	answers := make([]testkit.Answer, crowd)
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	for i := range answers {
		p := one
		if i%2 == 1 {
			p = other
		}
		own := url.Values{}
		for name, values := range form {
			own[name] = values
		}
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			answers[i] = p.post(t, "/token", own)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
	return answers
}
