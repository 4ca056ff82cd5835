package adminapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

var none adminclient.Condition

// service is a client that works on its own behalf.
func service(id oauth.ClientID) adminwire.ClientForm {
	return adminwire.ClientForm{Client: oauth.Client{
		ID: id, GrantTypes: []string{oauth.GrantClientCredentials}, Scopes: oauth.Scopes{"read", "write"},
	}}
}

func TestClientLife(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	made, err := c.CreateClient(ctx, service("planner"))
	ok(t, err)
	if len(made.Secret) != 43 || made.Revision != 1 || made.Name != "planner" || made.Introspection != oauth.IntrospectOwn {
		t.Errorf("created: %+v", made)
	}
	_, err = c.CreateClient(ctx, service("planner"))
	is(t, "a taken id", err, "already-exists")
	got, err := c.Client(ctx, "planner")
	ok(t, err)
	if got.Secret != "" || got.Scopes.String() != "read write" {
		t.Errorf("read: %+v", got)
	}
	party := testkit.Party{Base: d.Base, ID: "planner", Secret: made.Secret.Reveal()}
	token := asked(t, party)

	changed, err := c.PatchClient(ctx, "planner", adminclient.Patch{
		"scope": "read", "lifetimes": map[string]any{"access_token": 60}, "claims": map[string]any{"team": "blue", "unit": "x"},
	}, adminclient.Condition{Revision: 1})
	ok(t, err)
	if changed.Scopes.String() != "read" || changed.Lifetimes.Access != time.Minute || changed.Claims["team"] != "blue" || changed.Revision != 2 {
		t.Errorf("patched: %+v", changed)
	}
	_, err = c.PatchClient(ctx, "planner", adminclient.Patch{"scope": "write"}, adminclient.Condition{Revision: 1})
	is(t, "an old revision", err, "precondition-failed")
	changed, err = c.PatchClient(ctx, "planner", adminclient.Patch{
		"scope": nil, "lifetimes": map[string]any{"code": 5}, "claims": map[string]any{"unit": nil},
	}, none)
	ok(t, err)
	if changed.Scopes.String() != "" || changed.Lifetimes != (oauth.Lifetimes{Code: 5 * time.Second, Access: time.Minute}) || len(changed.Claims) != 1 {
		t.Errorf("merged: %+v", changed)
	}

	put, created, err := c.PutClient(ctx, service("planner").Client, none)
	ok(t, err)
	if created || put.Lifetimes != (oauth.Lifetimes{}) || put.Secret != "" || !put.Created.Equal(made.Created) {
		t.Errorf("put: %v %+v", created, put)
	}
	asked(t, party) // the secret stayed
	fresh, created, err := c.PutClient(ctx, service("second").Client, adminclient.Condition{Absent: true})
	ok(t, err)
	if !created || len(fresh.Secret) != 43 {
		t.Errorf("put anew: %v %+v", created, fresh)
	}
	_, _, err = c.PutClient(ctx, service("second").Client, adminclient.Condition{Absent: true})
	is(t, "create only", err, "precondition-failed")
	_, _, err = c.PutClient(ctx, service("third").Client, adminclient.Condition{Revision: 3})
	is(t, "a revision of nothing", err, "precondition-failed")

	is(t, "a wrong revision", c.DeleteClient(ctx, "planner", adminclient.Condition{Revision: 1}), "precondition-failed")
	if !d.Demo().Active(t, token) {
		t.Error("a refused deletion ended a token")
	}
	ok(t, c.DeleteClient(ctx, "planner", none))
	if d.Demo().Active(t, token) {
		t.Error("a token outlived its client")
	}
	is(t, "deleted again", c.DeleteClient(ctx, "planner", none), "not-found")
	_, err = c.Client(ctx, "planner")
	is(t, "a deleted client", err, "not-found")
}

func TestClientSecrets(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	made, err := c.CreateClient(ctx, service("rotating"))
	ok(t, err)
	first := testkit.Party{Base: d.Base, ID: string(made.ID), Secret: made.Secret.Reveal()}
	second, err := c.CreateSecret(ctx, string(made.ID), adminwire.SecretCreate{})
	ok(t, err)
	if second.ID == "" || second.Scheme != "hmac-sha256" || len(second.Value) != 43 {
		t.Errorf("a new secret: %+v", second)
	}
	newer := first
	newer.Secret = second.Value.Reveal()
	asked(t, first)
	asked(t, newer)
	listed, err := c.Secrets(ctx, string(made.ID))
	ok(t, err)
	if len(listed) != 2 || listed[0].Expires.IsZero() || !listed[1].Expires.IsZero() || listed[1].ID != second.ID || listed[1].Value != "" {
		t.Errorf("secrets: %+v", listed)
	}
	now := int64(0)
	_, err = c.CreateSecret(ctx, string(made.ID), adminwire.SecretCreate{Overlap: &now, ExpiresIn: 60})
	ok(t, err)
	if a := newer.Token(t, url.Values{"grant_type": {"client_credentials"}}); a.Status != http.StatusUnauthorized {
		t.Errorf("a secret outlived an overlap of 0: %d", a.Status)
	}
	listed, err = c.Secrets(ctx, string(made.ID))
	ok(t, err)
	ok(t, c.DeleteSecret(ctx, string(made.ID), listed[0].ID))
	is(t, "ended twice", c.DeleteSecret(ctx, string(made.ID), listed[0].ID), "not-found")
}

// Clients of other servers keep their secrets.
func TestImportedSecrets(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	for scheme, hash := range map[string]secret.Text{ // of "correct horse"
		"bcrypt":        "$2a$10$BmtGzNkvkVFQ9BbzzboePOUyxs/YY.2mCOJo0eLSDlNObtD026e1a",
		"argon2id":      secret.Text(argonOf(t)),
		"pbkdf2-sha256": "$pbkdf2-sha256$i=25000,l=32$1KBPIbXk5dnJXVUjoqvGAA$xDEI5Ci8Ck1hLc1TbU6NVlWJF2Lm93hein/tALoB0/Q",
	} {
		t.Run(scheme, func(t *testing.T) {
			wanted := service(oauth.ClientID("from-" + scheme))
			wanted.SecretHash = hash
			made, err := c.CreateClient(ctx, wanted)
			if err != nil {
				t.Errorf("%s: %v", scheme, err)
				return
			}
			listed, err := c.Secrets(ctx, string(made.ID))
			ok(t, err)
			if made.Secret != "" || len(listed) != 1 || listed[0].Scheme != scheme {
				t.Errorf("%s: %+v %+v", scheme, made, listed)
			}
			asked(t, testkit.Party{Base: d.Base, ID: string(made.ID), Secret: "correct horse"})
			wrong := testkit.Party{Base: d.Base, ID: string(made.ID), Secret: "wrong horse"}
			if a := wrong.Token(t, url.Values{"grant_type": {"client_credentials"}}); a.Status != http.StatusUnauthorized {
				t.Errorf("%s: a wrong secret: %d", scheme, a.Status)
			}
		})
	}
	wanted := service("costly")
	wanted.SecretHash = "$2a$31$zVHmKQtGGQob.b/Nc7l9NO8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy"
	_, err := c.CreateClient(ctx, wanted)
	is(t, "a hash that costs a day", err, "invalid-request")
	wanted.Secret, wanted.SecretHash = "long enough", secret.Text(argonOf(t))
	_, err = c.CreateClient(ctx, wanted)
	is(t, "secret and hash", err, "invalid-request")
	chosen := service("chosen")
	chosen.Secret = "long enough"
	made, err := c.CreateClient(ctx, chosen)
	ok(t, err)
	if made.Secret != "" {
		t.Error("a chosen secret stands in the answer")
	}
	asked(t, testkit.Party{Base: d.Base, ID: "chosen", Secret: "long enough"})
}

func argonOf(t *testing.T) string {
	t.Helper()
	hash, err := secret.NewHasher(secret.HasherOptions{Memory: 8192, Time: 5}).Hash(t.Context(), "correct horse")
	ok(t, err)
	return hash
}

// Disabling a client ends its tokens at once and for good: they stay dead after it is enabled again.
func TestDisablingAClientEndsItsTokens(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		id := "holder-" + string(format)
		party := d.Register(t, oauth.Client{
			ID: oauth.ClientID(id), Format: format,
			GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
		})
		issued := party.Login(t, testkit.NewPerson(t))
		tokens := map[string]string{"of a user": issued.Text("access_token"), "of the client": asked(t, party)}
		dead := func(when string) {
			for what, token := range tokens {
				known, err := c.Introspect(ctx, secret.Text(token))
				ok(t, err)
				if known.Active || d.Demo().Active(t, token) {
					t.Errorf("%s: an access token %s lives %s", id, what, when)
				}
			}
		}
		_, err := c.PatchClient(ctx, id, adminclient.Patch{"disabled": true}, none)
		ok(t, err)
		dead("while the client is disabled")
		if a := party.Refresh(t, issued.Text("refresh_token")); a.Status != http.StatusUnauthorized {
			t.Errorf("a disabled client refreshes: %d", a.Status)
		}
		_, err = c.PatchClient(ctx, id, adminclient.Patch{"disabled": false}, none)
		ok(t, err)
		d.Clock.Advance(2 * time.Second) // beyond the lease
		dead("when the client is enabled again")
		if a := party.Refresh(t, issued.Text("refresh_token")); a.Status != http.StatusBadRequest {
			t.Errorf("a refresh token came back: %d %s", a.Status, a.Raw)
		}
		if !d.Demo().Active(t, asked(t, party)) {
			t.Error("an enabled client gets dead tokens")
		}
	}
}

func TestRevokingAClientsTokens(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	party := d.Register(t, oauth.Client{ID: "leaky", GrantTypes: []string{oauth.GrantClientCredentials}})
	early := asked(t, party)
	d.Clock.Advance(10 * time.Second)
	before := d.Clock.Now()
	d.Clock.Advance(10 * time.Second)
	late := asked(t, party)
	ok(t, c.RevokeClientTokens(ctx, "leaky", before))
	if d.Demo().Active(t, early) || !d.Demo().Active(t, late) {
		t.Error("not exactly what was issued before the time has ended")
	}
	ok(t, c.RevokeClientTokens(ctx, "leaky", time.Time{}))
	if d.Demo().Active(t, late) {
		t.Error("a token lives after everything was revoked")
	}
	is(t, "the future", c.RevokeClientTokens(ctx, "leaky", d.Clock.Now().Add(time.Hour)), "invalid-request")
	is(t, "nobody", c.RevokeClientTokens(ctx, "nobody", time.Time{}), "not-found")
}

func TestRevokingEverything(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	token := asked(t, root(d))
	c, ctx := clientOf(t, d, token), t.Context()
	is(t, "the future", c.RevokeAll(ctx, d.Clock.Now().Add(time.Hour)), "invalid-request")
	person, party := testkit.NewPerson(t), d.Demo()
	early := party.Login(t, person)
	d.Clock.Advance(10 * time.Second)
	before := d.Clock.Now()
	d.Clock.Advance(10 * time.Second)
	late := party.Login(t, testkit.NewPerson(t))
	inOldSession := party.Login(t, person)
	c = clientOf(t, d, asked(t, root(d)))
	ok(t, c.RevokeAll(ctx, before))
	for what, row := range map[string]struct {
		issued testkit.Answer
		alive  bool
	}{"issued earlier": {early, false}, "issued later": {late, true}, "issued later in an earlier session": {inOldSession, false}} {
		if party.Active(t, row.issued.Text("access_token")) != row.alive {
			t.Errorf("%s: alive is not %v", what, row.alive)
		}
	}
	sessions, err := adminclient.Collect(c.Sessions(ctx, adminwire.SessionFilter{}), 0)
	if err != nil || len(sessions) != 1 {
		t.Errorf("%d sessions are left, %v; want one", len(sessions), err)
	}
	is(t, "the earlier operator's token", clientOf(t, d, token).RevokeAll(ctx, before), "invalid-token")
	ok(t, c.RevokeAll(ctx, time.Time{}))
	if party.Active(t, late.Text("access_token")) {
		t.Error("a token lives after everything was revoked")
	}
	is(t, "the token that was shown", c.RevokeAll(ctx, time.Time{}), "invalid-token")
	facts := d.Facts(t)
	for _, want := range []string{`"action":"token.revoke_all"`, `"revoked":"all"`, `"before":"` + before.UTC().Format(time.RFC3339)[:15]} {
		if !strings.Contains(facts, want) {
			t.Errorf("the audit log does not contain %s:\n%s", want, facts)
		}
	}
}

func TestPagesOfClients(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	token := asked(t, root(d))
	c, ctx := clientOf(t, d, token), t.Context()
	for i := range 7 {
		_, err := c.CreateClient(ctx, service(oauth.ClientID(fmt.Sprintf("many-%d", i))))
		ok(t, err)
	}
	var ids []string
	cursor, pages := "", 0
	for {
		a := raw{method: "GET", path: "/clients?limit=3" + cursor, token: token}.send(t, d)
		for _, item := range a.Fields["items"].([]any) {
			ids = append(ids, item.(map[string]any)["client_id"].(string))
		}
		pages++
		if a.Text("next") == "" {
			break
		}
		cursor = "&cursor=" + a.Text("next")
	}
	if want := "demo demo-admin demo-spa demo-start many-0 many-1 many-2 many-3 many-4 many-5 many-6"; strings.Join(ids, " ") != want || pages < 4 {
		t.Errorf("%d pages: %v", pages, ids)
	}
	all, err := adminclient.Collect(c.Clients(ctx), 0)
	ok(t, err)
	if len(all) != 11 {
		t.Errorf("the iterator returned %d", len(all))
	}
	foreign := raw{method: "GET", path: "/users?limit=3" + cursor, token: token}.send(t, d)
	refused(t, "the cursor of another list", foreign, 400, "invalid-request", "cursor")
}

// Two concurrent patches without a revision are both applied; of two with a revision one wins.
func TestConcurrentPatches(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	made, err := c.CreateClient(ctx, service("busy"))
	ok(t, err)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			_, err := c.PatchClient(ctx, "busy", adminclient.Patch{"claims": map[string]any{fmt.Sprint("claim", i): "there"}}, none)
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := c.Client(ctx, "busy")
	ok(t, err)
	if len(got.Claims) != 4 || got.Revision != made.Revision+4 {
		t.Errorf("claims were lost: %+v", got)
	}
	var won atomic.Int32
	for range 8 {
		all.Go(func() {
			_, err := c.PatchClient(ctx, "busy", adminclient.Patch{"scope": "read"}, adminclient.Condition{Revision: got.Revision})
			if err == nil {
				won.Add(1)
			} else if !adminclient.Is(err, "precondition-failed") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d changes of one revision were made", won.Load())
	}
}
