package adminapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	password = "a good password"
	unknown  = "5f2c1d0e-8a4b-4a51-9f0e-6b1f8f0c2d11"
)

// signsIn reports whether a person can sign in, in a browser of their own.
func signsIn(t *testing.T, d *testkit.Daemon, name, with string) bool {
	t.Helper()
	person := testkit.NewPerson(t)
	person.Name, person.Password = name, with
	return person.Authorize(t, d.SPA().AuthorizeURL(nil)).Location != ""
}

func TestUserLife(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	made, err := c.CreateUser(ctx, adminwire.UserCreate{Username: " Ann ", Password: password, Email: "ann@example.com", MustChange: true})
	ok(t, err)
	if made.Username != "Ann" || !made.MustChange || made.Revision != 1 || made.EmailVerified {
		t.Errorf("created: %+v", made)
	}
	_, err = c.CreateUser(ctx, adminwire.UserCreate{Username: "ANN", Password: password})
	is(t, "a taken name", err, "already-exists")
	_, err = c.CreateUser(ctx, adminwire.UserCreate{Username: "short", Password: "1234567"})
	is(t, "a short password", err, "invalid-request")
	found, there, err := c.UserNamed(ctx, "ann")
	ok(t, err)
	if !there || found.ID != made.ID {
		t.Errorf("found: %v %+v", there, found)
	}
	_, there, err = c.UserNamed(ctx, "nobody")
	ok(t, err)
	if there {
		t.Error("nobody is somebody")
	}

	changed, err := c.PatchUser(ctx, made.ID, adminclient.Patch{
		"email": nil, "display_name": "Ann A.", "must_change_password": false,
	}, adminclient.Condition{Revision: 1})
	ok(t, err)
	if changed.Email != "" || changed.DisplayName != "Ann A." || changed.MustChange {
		t.Errorf("patched: %+v", changed)
	}
	if !signsIn(t, d, "ann", password) {
		t.Error("a patch changed the password")
	}
	_, err = c.PatchUser(ctx, made.ID, adminclient.Patch{"disabled": true}, adminclient.Condition{Revision: 1})
	is(t, "an old revision", err, "precondition-failed")
	ok(t, c.SetPassword(ctx, made.ID, adminwire.PasswordSet{Password: "another password", MustChange: true}))
	got, err := c.User(ctx, made.ID)
	ok(t, err)
	if !got.MustChange {
		t.Error("a password for one sign-in is for ever")
	}
	_, err = c.PatchUser(ctx, made.ID, adminclient.Patch{"must_change_password": false}, none)
	ok(t, err)
	if signsIn(t, d, "ann", password) || !signsIn(t, d, "ann", "another password") {
		t.Error("the password was not changed")
	}
	ok(t, c.DeleteUser(ctx, made.ID, none))
	is(t, "deleted again", c.DeleteUser(ctx, made.ID, none), "not-found")
	if signsIn(t, d, "ann", "another password") {
		t.Error("a deleted user signs in")
	}
	_, err = c.CreateUser(ctx, adminwire.UserCreate{Username: "ann", Password: password})
	ok(t, err) // the name is free again
	for what, err := range map[string]error{
		"get":      second(c.User(ctx, unknown)),
		"patch":    second(c.PatchUser(ctx, unknown, adminclient.Patch{"disabled": true}, none)),
		"password": c.SetPassword(ctx, unknown, adminwire.PasswordSet{Password: password}),
		"unlock":   c.UnlockUser(ctx, unknown),
		"revoke":   second(c.RevokeUserTokens(ctx, unknown, "")),
	} {
		is(t, what, err, "not-found")
	}
}

func second[T any](_ T, err error) error { return err }

// A user's sessions and grants end when the user loses the right to them.
func TestEndsWithTheUser(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(*adminclient.Client, string) error{
		"disabled": func(c *adminclient.Client, id string) error {
			return second(c.PatchUser(t.Context(), id, adminclient.Patch{"disabled": true}, none))
		},
		"deleted": func(c *adminclient.Client, id string) error { return c.DeleteUser(t.Context(), id, none) },
		"a new password": func(c *adminclient.Client, id string) error {
			return c.SetPassword(t.Context(), id, adminwire.PasswordSet{Password: "another password"})
		},
		"grants revoked": func(c *adminclient.Client, id string) error {
			n, err := c.RevokeUserTokens(t.Context(), id, "demo-spa")
			if n != 1 {
				t.Errorf("%d grants ended", n)
			}
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t)
			c := clientOf(t, d, asked(t, root(d)))
			issued := d.SPA().Login(t, testkit.NewPerson(t))
			user, _, err := c.UserNamed(t.Context(), "demo")
			ok(t, err)
			ok(t, end(c, user.ID))
			if d.Demo().Active(t, issued.Text("access_token")) {
				t.Error("an access token lives on")
			}
			if a := d.SPA().Refresh(t, issued.Text("refresh_token")); a.Status != http.StatusBadRequest {
				t.Errorf("a refresh token lives on: %d", a.Status)
			}
			left, err := adminclient.Collect(c.Sessions(t.Context(), adminwire.SessionFilter{User: user.ID}), 0)
			ok(t, err)
			if (len(left) == 0) == (what == "grants revoked") {
				t.Errorf("sessions: %+v", left)
			}
		})
	}
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	user, _, err := c.UserNamed(ctx, "demo")
	ok(t, err)
	for range 50 {
		signsIn(t, d, "demo", "a wrong password")
		if user, err = c.User(ctx, user.ID); err != nil || !user.LockedUntil.IsZero() {
			break
		}
	}
	ok(t, err)
	if user.LockedUntil.IsZero() || signsIn(t, d, "demo", "demo-password") {
		t.Fatalf("not locked out: %+v", user)
	}
	ok(t, c.UnlockUser(ctx, user.ID))
	if user, err = c.User(ctx, user.ID); err != nil || !user.LockedUntil.IsZero() {
		t.Errorf("still locked out: %+v %v", user, err)
	}
}

// crowd signs in several people, each for one client.
func crowd(t *testing.T, d *testkit.Daemon, c *adminclient.Client, n int) map[string]testkit.Answer {
	t.Helper()
	issued := map[string]testkit.Answer{}
	for i := range n {
		name := fmt.Sprint("person", i)
		user, err := c.CreateUser(t.Context(), adminwire.UserCreate{Username: name, Password: password})
		ok(t, err)
		person := testkit.NewPerson(t)
		person.Name, person.Password = name, password
		party := d.SPA()
		if i%2 == 1 {
			party = d.Demo()
		}
		issued[user.ID] = party.Login(t, person)
		d.Clock.Advance(time.Second)
	}
	return issued
}

func TestSessions(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	issued := crowd(t, d, c, 6)
	all, err := adminclient.Collect(c.Sessions(ctx, adminwire.SessionFilter{}), 0)
	ok(t, err)
	if len(all) != 6 || all[0].Username != "person0" || all[0].Device == "" || !all[0].Started.Before(all[1].Started) {
		t.Fatalf("sessions: %+v", all)
	}
	if s := all[0]; s.ACR != oauth.ACRPassword || !slices.Equal(s.AMR, []string{oauth.AMRPassword}) || s.AuthTime != s.Started {
		t.Errorf("the sign-in of a session: acr %q, amr %q, auth_time %v of %v", s.ACR, s.AMR, s.AuthTime, s.Started)
	}
	for what, test := range map[string]struct {
		filter adminwire.SessionFilter
		want   int
	}{
		"of a user":          {adminwire.SessionFilter{User: all[2].User}, 1},
		"of a client":        {adminwire.SessionFilter{Client: "demo"}, 3},
		"old":                {adminwire.SessionFilter{StartedBefore: all[4].Started}, 4},
		"unused":             {adminwire.SessionFilter{SeenBefore: all[1].Seen}, 1},
		"of a client, old":   {adminwire.SessionFilter{Client: "demo", StartedBefore: all[2].Started}, 1},
		"of a user, and not": {adminwire.SessionFilter{User: all[2].User, StartedBefore: all[2].Started}, 0},
		"of nobody":          {adminwire.SessionFilter{User: unknown}, 0},
	} {
		found, err := adminclient.Collect(c.Sessions(ctx, test.filter), 0)
		ok(t, err)
		if len(found) != test.want {
			t.Errorf("%s: %d, want %d", what, len(found), test.want)
		}
	}
	first := all[0]
	ok(t, c.EndSession(ctx, first.Ref))
	is(t, "ended again", c.EndSession(ctx, first.Ref), "not-found")
	if a := d.SPA().Refresh(t, issued[first.User].Text("refresh_token")); a.Status != http.StatusBadRequest {
		t.Errorf("a refresh token outlived its session: %d", a.Status)
	}
	if !d.Demo().Active(t, issued[all[1].User].Text("access_token")) {
		t.Error("another session ended, too")
	}

	steps, cursor, ended, now := 0, "", 0, d.Clock.Now()
	for {
		step, err := c.EndSessions(ctx, adminwire.SessionsEnd{
			Filter: adminwire.SessionFilter{StartedBefore: now}, Limit: 2, Cursor: cursor,
		})
		ok(t, err)
		steps, ended = steps+1, ended+step.Ended
		if step.Ended > 2 || (step.Next == "") != (step.Remaining == 0) {
			t.Errorf("a step: %+v", step)
		}
		if cursor = step.Next; cursor == "" {
			break
		}
	}
	if ended != 5 || steps < 3 {
		t.Errorf("%d ended in %d steps", ended, steps)
	}
	for user, answer := range issued {
		if d.Demo().Active(t, answer.Text("access_token")) {
			t.Errorf("a token of %s lives on", user)
		}
	}
	d.Get(t, "/.well-known/jwks.json") // makes the keys, which the start does not wait for
	stats, err := c.Stats(ctx)
	ok(t, err)
	if stats.Sessions != 0 || stats.Users != 7 || stats.Clients != 4 || stats.Keys != 4 {
		t.Errorf("stats: %+v", stats)
	}
}

func TestEndAllSessionsReportsItsProgress(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	c := clientOf(t, d, asked(t, root(d)))
	crowd(t, d, c, 3)
	told := 0
	n, err := c.EndAllSessions(t.Context(), adminwire.SessionFilter{Client: "demo-spa"}, func(int, int) { told++ })
	ok(t, err)
	if n != 2 || told == 0 {
		t.Errorf("%d ended, %d steps reported", n, told)
	}
	_, err = c.EndSessions(t.Context(), adminwire.SessionsEnd{})
	is(t, "an empty filter", err, "invalid-request")
}

func TestGrantsAndTokens(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	person := testkit.NewPerson(t)
	one, two := d.SPA().Login(t, person), d.Demo().Login(t, person)
	user, _, err := c.UserNamed(ctx, "demo")
	ok(t, err)
	all, err := adminclient.Collect(c.Grants(ctx, user.ID, ""), 0)
	ok(t, err)
	if len(all) != 2 || all[0].Client != "demo" || all[0].Serial != 1 || all[0].Username != "demo" || all[0].Session == "" {
		t.Fatalf("grants: %+v", all)
	}
	if g := all[0]; g.ACR != oauth.ACRPassword || !slices.Equal(g.AMR, []string{oauth.AMRPassword}) || g.AuthTime.IsZero() {
		t.Errorf("the sign-in of a grant: acr %q, amr %q, auth_time %v", g.ACR, g.AMR, g.AuthTime)
	}
	only, err := adminclient.Collect(c.Grants(ctx, user.ID, "demo-spa"), 0)
	ok(t, err)
	if len(only) != 1 || only[0].Ref != all[1].Ref {
		t.Errorf("grants to one client: %+v", only)
	}
	got, err := c.Grant(ctx, only[0].Ref)
	ok(t, err)
	info, err := c.Introspect(ctx, secret.Text(one.Text("access_token")))
	ok(t, err)
	if !info.Active || info.Grant != got.Ref || info.Username != "demo" || info.Format != "opaque" || info.TokenType != "Bearer" {
		t.Errorf("an access token: %+v", info)
	}
	if info, err = c.Introspect(ctx, secret.Text(one.Text("refresh_token"))); err != nil || info.TokenType != "refresh_token" || info.Client != "demo-spa" {
		t.Errorf("a refresh token: %+v %v", info, err)
	}
	ok(t, c.RevokeGrant(ctx, got.Ref))
	is(t, "revoked again", c.RevokeGrant(ctx, got.Ref), "not-found")
	for _, dead := range []string{one.Text("access_token"), one.Text("refresh_token"), "garbage"} {
		if info, err = c.Introspect(ctx, secret.Text(dead)); err != nil || info.Active || info.Client != "" {
			t.Errorf("a dead token: %+v %v", info, err)
		}
	}
	if page := person.Follow(t, d.SPA().AuthorizeURL(nil)); page.Location != "" {
		t.Error("the consent outlived the grant that an operator ended")
	}

	for _, step := range []struct {
		what, token string
		want        bool
	}{
		{"an access token", two.Text("access_token"), true}, {"the same", two.Text("access_token"), false},
		{"a refresh token", two.Text("refresh_token"), true}, {"a dead one", two.Text("refresh_token"), false}, {"none", "x", false},
	} {
		ended, err := c.RevokeToken(ctx, secret.Text(step.token))
		ok(t, err)
		if ended != step.want {
			t.Errorf("revoking %s: %v", step.what, ended)
		}
	}
	_, err = c.Grant(ctx, all[0].Ref)
	is(t, "the grant of a revoked refresh token", err, "not-found")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	d.Get(t, "/.well-known/jwks.json") // makes the keys, which the start does not wait for
	before, err := c.Keys(ctx)
	ok(t, err)
	after, err := c.RotateKeys(ctx, "sign")
	ok(t, err)
	if len(before) != 4 || len(after) != 6 {
		t.Fatalf("keys: %+v, then %+v", before, after)
	}
	_, err = c.RotateKeys(ctx, "locks")
	is(t, "an unknown use", err, "invalid-request")
	ok(t, c.DropKey(ctx, after[0].ID))
	is(t, "dropped again", c.DropKey(ctx, after[0].ID), "not-found")
}
