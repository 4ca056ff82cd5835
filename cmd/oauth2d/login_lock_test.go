package main

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// Commands that began with one login refresh it once: a refresh token that is shown again ends the grant.
func TestF_N08_CommandsAtOnceRefreshTheLoginOnce(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Admin.Operators = []string{app.DemoUser} })
	cli(t, d)
	environ := []string{envLoginFile + "=" + filepath.Join(t.TempDir(), "login.json")}
	if code, _, told := signedIn(t, environ, same, "login", "--server", d.Admin, "--issuer", d.Base); code != exitDone {
		t.Fatalf("code %d, %s", code, told)
	}
	s := &shared{console: console{environ: environ}}
	expired, err := s.savedLogin()
	if err != nil {
		t.Fatal(err)
	}
	expired.Expires = expired.Expires.AddDate(0, 0, -1)
	if _, err := s.saveLogin(expired); err != nil {
		t.Fatal(err)
	}
	expired.fromFile = true
	got := make([]string, 4)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			token, err := (&shared{console: console{environ: environ}}).fetch(t.Context(), expired)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = token.AccessToken
		})
	}
	all.Wait()
	for _, one := range got {
		if one == "" || one != got[0] {
			t.Errorf("the commands hold %d tokens: another one refreshed", len(got))
			break
		}
	}
	// A command that runs for long refreshes more than once, each time what is stored.
	purse := &wallet{s: s, id: expired}
	for range 2 {
		saved, err := s.savedLogin()
		if err != nil {
			t.Fatal(err)
		}
		saved.Expires = saved.Expires.AddDate(0, 0, -1)
		if _, err := s.saveLogin(saved); err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(time.Minute) // beyond the grace of a retried refresh
		purse.held = nil
		if _, err := purse.token(t.Context()); err != nil {
			t.Error(err)
		}
	}
	// A command that was waiting while the person logged out does not store the login again.
	if code, _, told := terminal(t, environ, "logout"); code != exitDone {
		t.Fatalf("logout: %d, %s", code, told)
	}
	if _, err := s.fetch(t.Context(), expired); err == nil || !strings.Contains(err.Error(), "ended or replaced") {
		t.Errorf("after the logout: %v", err)
	}
}

// Requests of one command whose kept token is refused all go on with the new one.
func TestF_N08_ARefusedTokenIsReplacedForAllRequests(t *testing.T) {
	t.Parallel()
	purse := &wallet{held: &oauth2.Token{AccessToken: "new", Expiry: time.Now().Add(time.Hour)}}
	if token, ok := purse.replaced(t.Context(), "old"); !ok || token != "new" {
		t.Errorf("%q, %v", token, ok)
	}
	if _, ok := purse.replaced(t.Context(), "new"); ok {
		t.Error("a new token that is refused is replaced again and again")
	}
}
