package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// operator is the environment of somebody who may do everything at a daemon.
func operator(d *testkit.Daemon) []string {
	return []string{
		credentials.EnvServer + "=" + d.Admin, credentials.EnvIssuer + "=" + d.Base, credentials.EnvClientID + "=" + app.DemoAdmin, credentials.EnvSecret + "=" + app.DemoAdminSecret,
	}
}

// works carries out a command that must succeed.
func works(t *testing.T, environ []string, args ...string) (out, messages string) {
	t.Helper()
	code, out, messages := terminal(t, environ, args...)
	if code != exit.Done {
		t.Fatalf("%v: code %d: %s", args, code, messages)
	}
	return out, messages
}

// What is ended by a command is dead at the next request: a session with its tokens, a grant, a
// user's tokens, a client's.
func TestEndingThings(t *testing.T) {
	t.Parallel()
	ref := regexp.MustCompile(`(?m)^(\S{26}) `)
	tests := map[string]func(t *testing.T, environ []string, access string){
		"session by id": func(t *testing.T, environ []string, _ string) {
			out, _ := works(t, environ, "session", "list", "--user", app.DemoUser, "--client", app.DemoClient)
			if strings.Count(out, "\n") != 2 || !strings.Contains(out, " demo ") {
				t.Fatalf("list: %s", out)
			}
			works(t, environ, "session", "end", ref.FindStringSubmatch(out)[1])
		},
		"sessions of a user": func(t *testing.T, environ []string, _ string) {
			if _, told := works(t, environ, "session", "end", "--user", app.DemoUser, "--dry-run"); told != "dry run: would end 1 session\n" {
				t.Errorf("told %q", told)
			}
			if _, told := works(t, environ, "session", "end", "--user", app.DemoUser); !strings.Contains(told, "1 session ended\n") {
				t.Errorf("told %q", told)
			}
		},
		"all sessions": func(t *testing.T, environ []string, _ string) {
			if out, _ := works(t, environ, "session", "end", "--all", "-o", "json"); !strings.Contains(out, `"ended": 1`) {
				t.Errorf("ended %s", out)
			}
		},
		"grant": func(t *testing.T, environ []string, _ string) {
			out, _ := works(t, environ, "grant", "list", "--user", app.DemoUser)
			grant := ref.FindStringSubmatch(out)[1]
			if shown, _ := works(t, environ, "grant", "show", grant); !strings.Contains(shown, "read write") {
				t.Errorf("show: %s", shown)
			}
			works(t, environ, "grant", "revoke", grant)
		},
		"grants of a user": func(t *testing.T, environ []string, _ string) {
			if _, told := works(t, environ, "grant", "revoke", "--user", app.DemoUser, "--client", app.DemoClient); told != "1 grant of user demo ended\n" {
				t.Errorf("told %q", told)
			}
		},
		"tokens of a client": func(t *testing.T, environ []string, _ string) {
			works(t, environ, "client", "revoke-tokens", app.DemoClient)
		},
		"token": func(t *testing.T, environ []string, access string) {
			out, _ := works(t, environ, "token", "introspect", access)
			if !regexp.MustCompile(`(?m)^user +demo$`).MatchString(out) {
				t.Errorf("introspection: %s", out)
			}
			works(t, environ, "token", "revoke", access)
		},
		"user": func(t *testing.T, environ []string, _ string) { works(t, environ, "user", "delete", app.DemoUser) },
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t)
			access := d.Demo().Login(t, testkit.NewPerson(t)).Text("access_token")
			if !d.Demo().Active(t, access) {
				t.Fatal("the token is not active to begin with")
			}
			end(t, operator(d), access)
			if d.Demo().Active(t, access) {
				t.Error("the token lives on")
			}
		})
	}
}

// An operator unlocks a user after too many wrong passwords.
func TestUnlock(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	wrong := testkit.NewPerson(t)
	wrong.Password = "not the password"
	for range 11 {
		wrong.Authorize(t, d.Demo().AuthorizeURL(nil))
	}
	right := testkit.NewPerson(t)
	if page := right.Authorize(t, d.Demo().AuthorizeURL(nil)); page.Location != "" || page.Status == http.StatusOK {
		t.Fatalf("not locked out: %d %s", page.Status, page.Location)
	}
	works(t, operator(d), "user", "unlock", app.DemoUser)
	if access := d.Demo().Login(t, testkit.NewPerson(t)).Text("access_token"); access == "" {
		t.Error("still locked out")
	}
}
