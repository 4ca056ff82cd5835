package main

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// Commands that began with one login refresh it once: a refresh token that is shown again ends the grant.
func TestF_N08_CommandsAtOnceRefreshTheLoginOnce(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(settings *config.Config) { settings.Admin.Operators = []string{app.DemoUser} })
	registerCLI(t, d)
	environ := []string{credentials.EnvLoginFile + "=" + filepath.Join(t.TempDir(), "login.json")}
	if code, _, told := signedIn(t, environ, same, "login", "--server", d.Admin, "--issuer", d.Base); code != exit.Done {
		t.Fatalf("code %d, %s", code, told)
	}
	s := &credentials.Store{Console: &console.Console{Environ: environ}}
	expired, err := s.Saved()
	if err != nil {
		t.Fatal(err)
	}
	expired.Expires = expired.Expires.AddDate(0, 0, -1)
	if _, err := s.Save(expired); err != nil {
		t.Fatal(err)
	}
	expired = s.Identity("", "", expired)
	got := make([]string, 4)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			token, err := (&credentials.Store{Console: &console.Console{Environ: environ}}).Fetch(t.Context(), expired)
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
	for range 2 {
		saved, err := s.Saved()
		if err != nil {
			t.Fatal(err)
		}
		saved.Expires = saved.Expires.AddDate(0, 0, -1)
		if _, err := s.Save(saved); err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(time.Minute) // beyond the grace of a retried refresh
		if _, err := s.Tokens(expired).Token(t.Context()); err != nil {
			t.Error(err)
		}
	}
	// A command that was waiting while the person logged out does not store the login again.
	if code, _, told := terminal(t, environ, "logout"); code != exit.Done {
		t.Fatalf("logout: %d, %s", code, told)
	}
	if _, err := s.Fetch(t.Context(), expired); err == nil || !strings.Contains(err.Error(), "ended or replaced") {
		t.Errorf("after the logout: %v", err)
	}
}
