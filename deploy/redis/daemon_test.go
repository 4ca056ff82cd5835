package deploy_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
)

// daemon runs the daemon and the doctor as the shipped users, and holds the shipped ACLs to what they send: nothing is
// refused, on no Sentinel and no Redis node, apart from questions that the daemon has an answer for.
//
// One Sentinel is configured: the daemon has to find the others through it, because one of three is not a majority.
func (g *group) daemon(t *testing.T) {
	for _, port := range g.redis {
		g.forgetRefusals(t, port, g.passwords["admin"])
	}
	for _, port := range g.sentinels {
		g.forgetRefusals(t, port, g.passwords["admin"])
	}
	c := g.settings(t)
	c.Redis.Addrs = c.Redis.Addrs[:1]
	c.Server.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	c.Redis.StartTimeout = patience
	a, err := app.New(t.Context(), c, app.Options{Now: time.Now, LogTo: io.Discard, AuditTo: io.Discard})
	if err != nil {
		t.Fatal(err) // it has written its keys, so that a write was proven
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a daemon that is ready", func() error {
		answer, err := http.Get("http://" + a.AdminAddr() + "/readyz") //nolint:noctx // a test's own server
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err == nil && answer.StatusCode != http.StatusOK {
			t.Log(answer.Status, string(body))
			err = io.ErrUnexpectedEOF
		}
		return err
	})
	for _, f := range app.Examine(t.Context(), c) {
		if f.Verdict != app.Well {
			t.Errorf("%s: %s: %s", f.Check, f.Found, f.Remedy)
		}
	}
	if err := a.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	for _, port := range g.sentinels {
		if refused := g.refusals(t, port, "default"); len(refused) > 0 {
			t.Errorf("the Sentinel at %s refuses %v", port, refused)
		}
	}
	for _, port := range g.redis {
		for _, command := range g.refusals(t, port, "app") {
			// Without ROLE the daemon asks INFO replication; without CONFIG GET it does not know about snapshots.
			if !slices.Contains([]string{"role", "config|get"}, command) {
				t.Errorf("the Redis node at %s refuses %s", port, command)
			}
		}
	}
}

func (g *group) forgetRefusals(t *testing.T, port, password string) {
	t.Helper()
	if text, err := g.cli(port, "admin", password, "ACL", "LOG", "RESET"); err != nil || text != "OK" {
		t.Fatalf("ACL LOG RESET: %q: %v", text, err)
	}
}

// refusals returns the commands that a server refused to a user, by its ACL log.
func (g *group) refusals(t *testing.T, port, user string) []string {
	t.Helper()
	text, err := g.cli(port, "admin", g.passwords["admin"], "ACL", "LOG", "128")
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	object, lines := "", strings.Split(text, "\n")
	for i, line := range lines[:len(lines)-1] {
		switch line {
		case "object":
			object = lines[i+1]
		case "username":
			if lines[i+1] == user {
				refused = append(refused, object)
			}
		}
	}
	return refused
}
