package admin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

const password = "correct horse battery staple"

var errAway = errors.New("the store is away")

// caller is a caller whose connection breaks at the worst moment: after a write was committed, and before its reply is
// read.
type caller struct {
	leave func()
	fail  map[string]error // by the verb of the store: the verb fails without a request to Redis
}

// write does what a store's write does when its caller disconnects at that moment.
func write[T any](ctx context.Context, c *caller, verb string, do func(context.Context) (T, error)) (T, error) {
	var none T
	if err := c.fail[verb]; err != nil {
		return none, err
	}
	reply, err := do(context.WithoutCancel(ctx))
	if c.leave != nil {
		c.leave()
	}
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	return reply, err
}

func nothing(do func(context.Context) error) func(context.Context) (struct{}, error) {
	return func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) }
}

// The stores, as such a caller uses them.
type (
	clients struct {
		store.Clients
		*caller
	}
	marks struct {
		store.Freshness
		*caller
	}
	users struct {
		store.Users
		*caller
	}
	sessions struct {
		store.Sessions
		*caller
	}
	grants struct {
		store.Grants
		*caller
	}
	consents struct {
		store.Consents
		*caller
	}
	access struct {
		store.Access
		*caller
	}
	keys struct {
		store.Keys
		*caller
	}
	revocations struct {
		store.Revocations
		*caller
	}
)

func (s revocations) Raise(ctx context.Context, e store.Ending) error {
	_, err := write(ctx, s.caller, "revocations.raise", nothing(func(ctx context.Context) error { return s.Revocations.Raise(ctx, e) }))
	return err
}

func (s clients) Put(ctx context.Context, c oauth.Client) (uint64, error) {
	return write(ctx, s.caller, "clients.put", func(ctx context.Context) (uint64, error) { return s.Clients.Put(ctx, c) })
}

func (s clients) Delete(ctx context.Context, id oauth.ClientID) error {
	_, err := write(ctx, s.caller, "clients.delete", nothing(func(ctx context.Context) error { return s.Clients.Delete(ctx, id) }))
	return err
}

func (s marks) RaiseEpoch(ctx context.Context, before time.Time) error {
	_, err := write(ctx, s.caller, "freshness.raise_epoch", nothing(func(ctx context.Context) error { return s.Freshness.RaiseEpoch(ctx, before) }))
	return err
}

func (s users) Put(ctx context.Context, a oauth.Account) (uint64, error) {
	return write(ctx, s.caller, "users.put", func(ctx context.Context) (uint64, error) { return s.Users.Put(ctx, a) })
}

func (s users) Delete(ctx context.Context, id oauth.UserID) error {
	_, err := write(ctx, s.caller, "users.delete", nothing(func(ctx context.Context) error { return s.Users.Delete(ctx, id) }))
	return err
}

func (s sessions) Start(ctx context.Context, one oauth.Session, limit int) (generation oauth.Generation, ended []oauth.SessionRef, err error) {
	generation, err = write(ctx, s.caller, "sessions.start", func(ctx context.Context) (oauth.Generation, error) {
		generation, ended, err = s.Sessions.Start(ctx, one, limit)
		return generation, err
	})
	return generation, ended, err
}

func (s sessions) End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error {
	_, err := write(ctx, s.caller, "sessions.end", nothing(func(ctx context.Context) error { return s.Sessions.End(ctx, user, refs...) }))
	return err
}

func (s grants) Kill(ctx context.Context, refs ...oauth.GrantRef) error {
	_, err := write(ctx, s.caller, "grants.kill", nothing(func(ctx context.Context) error { return s.Grants.Kill(ctx, refs...) }))
	return err
}

func (s consents) Give(ctx context.Context, user oauth.UserID, c oauth.Consent, since time.Time) (oauth.Consent, error) {
	return write(ctx, s.caller, "consents.give", func(ctx context.Context) (oauth.Consent, error) {
		return s.Consents.Give(ctx, user, c, since)
	})
}

func (s consents) Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	_, err := write(ctx, s.caller, "consents.withdraw", nothing(func(ctx context.Context) error { return s.Consents.Withdraw(ctx, user, client) }))
	return err
}

func (s access) Put(ctx context.Context, a oauth.Access, now time.Time) error {
	_, err := write(ctx, s.caller, "access.put", nothing(func(ctx context.Context) error { return s.Access.Put(ctx, a, now) }))
	return err
}

func (s access) Revoke(ctx context.Context, q store.Query, expires, now time.Time) error {
	_, err := write(ctx, s.caller, "access.revoke", nothing(func(ctx context.Context) error { return s.Access.Revoke(ctx, q, expires, now) }))
	return err
}

func (s access) RevokeClient(ctx context.Context, client oauth.ClientID, before time.Time, keep time.Duration) error {
	_, err := write(ctx, s.caller, "access.revoke_client", nothing(func(ctx context.Context) error {
		return s.Access.RevokeClient(ctx, client, before, keep)
	}))
	return err
}

func (s keys) Swap(ctx context.Context, version uint64, put map[string][]byte, drop []string) error {
	_, err := write(ctx, s.caller, "keys.swap", nothing(func(ctx context.Context) error { return s.Keys.Swap(ctx, version, put, drop) }))
	return err
}

// house holds every package that changes something, over an embedded Redis, for one caller.
type house struct {
	admin.Operator
	*caller
	registry   *registry.Registry
	directory  *directory.Directory
	sessions   *session.Sessions
	tokens     *token.Tokens
	authorizer *authorize.Authorizer
	pipeline   *granttype.Pipeline
	grants     store.Grants

	roomtest.Events
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{caller: &caller{fail: map[string]error{}}}
	db := roomtest.Open(t, redisconn.Options{Now: time.Now})
	ring := roomtest.Ring(t, db, keyring.Options{Store: keys{serverstore.NewKeys(db), h.caller}, Events: h, Now: time.Now})
	hasher := secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1})
	h.grants = grants{redisstore.NewGrants(db), h.caller}
	given, accesses := consents{redisstore.NewConsents(db), h.caller}, access{redisstore.NewAccess(db), h.caller}
	lease := freshness.New(freshness.Options{Store: marks{redisstore.NewFreshness(db), h.caller}, Now: time.Now})
	h.registry = roomtest.Registry(db, registry.Options{Lease: lease, Store: clients{redisstore.NewClients(db), h.caller}, Peppers: ring, Now: time.Now})
	h.directory = directory.New(directory.Options{
		Store: users{redisstore.NewUsers(db), h.caller}, Hasher: hasher, Events: h, Now: time.Now,
	})
	h.sessions = session.New(session.Options{
		Store: sessions{redisstore.NewSessions(db), h.caller}, Revocations: revocations{redisstore.NewRevocations(db), h.caller},
		Events: h, Now: time.Now, KeepEnding: time.Hour,
	})
	h.tokens = token.New(token.Options{
		Access: accesses, Grants: h.grants, Clients: h.registry, Ring: ring, Events: h, Now: time.Now, Issuer: "https://as.example",
		Longest: time.Hour,
	})
	h.pipeline = granttype.New(h.tokens, h, granttype.ClientCredentials{Now: time.Now})
	h.authorizer = authorize.New(authorize.Options{
		Registry: h.registry, Sessions: h.sessions, Grants: h.grants, Consents: given, Requests: serverstore.NewRequests(db), Overview: redisstore.NewOverview(db), Ring: ring, Events: h, Now: time.Now,
	})
	people := signin.New(signin.Options{Directory: h.directory, Sessions: h.sessions, Ring: ring, Events: h, Now: time.Now})
	h.Operator = admin.New(admin.Options{
		Registry: h.registry, Lease: lease, Directory: h.directory, Sessions: h.sessions, Tokens: h.tokens, Ring: ring, SignIn: people, Grants: h.grants,
		Consents: given, Overview: redisstore.NewOverview(db), Events: h, Now: time.Now,
	}).By("root", oauth.Scopes{admin.All})
	return h
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stage is the stored state before a verb.
type stage struct {
	client  oauth.Client
	user    oauth.User
	account oauth.Account // of the user
	session oauth.Session
	token   oauth.Token
	grant   oauth.GrantRef
}

func (h *house) prepare(t *testing.T) stage {
	t.Helper()
	ctx := t.Context()
	var s stage
	var err error
	s.client, _, err = h.CreateClient(ctx, oauth.Client{
		ID: "app", Name: "App", Method: oauth.AuthBasic, Type: oauth.AppWeb, GrantTypes: []string{oauth.GrantClientCredentials},
		Scopes: oauth.Scopes{"read"},
	}, admin.FirstSecret{})
	ok(t, err)
	person, err := h.CreateUser(ctx, oauth.User{Name: "ann"}, password)
	ok(t, err)
	s.user = person.User
	s.account, err = h.directory.Account(ctx, s.user.ID)
	ok(t, err)
	_, s.session, err = h.sessions.Start(ctx, s.user, oauth.Proof{ACR: oauth.ACRPassword, AMR: []string{oauth.AMRPassword}}, "")
	ok(t, err)
	s.token = h.issue(t, ctx, s.client)
	id := oauth.GrantID(secret.Random(len(oauth.GrantID{})))
	s.grant = id.Ref()
	now := time.Now().Truncate(time.Millisecond)
	ok(t, h.grants.Create(ctx, oauth.Grant{
		Ref: s.grant, Client: s.client.ID, User: s.user.ID, Session: s.session.Ref, Scope: oauth.Scopes{"read"},
		Born: now, Expires: now.Add(time.Hour), End: now.Add(time.Hour), RedirectURI: "https://app.example/cb",
	}))
	return s
}

func (h *house) issue(t *testing.T, ctx context.Context, c oauth.Client) oauth.Token {
	t.Helper()
	set, err := h.pipeline.Exchange(ctx, granttype.Request{Type: oauth.GrantClientCredentials, Client: c})
	ok(t, err)
	return set.Access
}

// verbs returns every verb that changes something, by the name of its audit entry.
func verbs() map[string]func(*testing.T, context.Context, *house, stage) error {
	return map[string]func(*testing.T, context.Context, *house, stage) error{
		"client.create": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			other := s.client
			other.ID, other.Secrets = "other", nil
			_, _, err := h.CreateClient(ctx, other, admin.FirstSecret{})
			return err
		},
		"client.change": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.ChangeClient(ctx, s.client.ID, admin.Match{}, func(c *oauth.Client) error { c.Disabled = true; return nil })
			return err
		},
		"client.delete": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.DeleteClient(ctx, s.client.ID, admin.Match{})
		},
		"client.revoke_tokens": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.RevokeClient(ctx, s.client.ID, time.Time{})
		},
		"secret.create": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, _, err := h.AddSecret(ctx, s.client.ID, 0, 0)
			return err
		},
		"secret.delete": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.DropSecret(ctx, s.client.ID, s.client.Secrets[0].ID)
		},
		"user.create": func(_ *testing.T, ctx context.Context, h *house, _ stage) error {
			_, err := h.CreateUser(ctx, oauth.User{Name: "bob"}, password)
			return err
		},
		"user.change": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.ChangeUser(ctx, s.user.ID, admin.Match{}, func(u *oauth.User) error { u.Disabled = true; return nil })
			return err
		},
		"user.delete": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.DeleteUser(ctx, s.user.ID, admin.Match{})
		},
		"user.set_password": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.SetPassword(ctx, s.user.ID, "another horse battery staple", false)
		},
		"user.unlock": func(_ *testing.T, ctx context.Context, h *house, s stage) error { return h.Unlock(ctx, s.user.ID) },
		"user.revoke_tokens": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.RevokeUser(ctx, s.user.ID, "")
			return err
		},
		"session.end": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.EndSession(ctx, s.session.Ref)
		},
		"sessions.end": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.EndSessions(ctx, admin.SessionFilter{User: s.user.ID}, admin.SessionCursor{}, 10)
			return err
		},
		"grant.revoke": func(_ *testing.T, ctx context.Context, h *house, s stage) error { return h.RevokeGrant(ctx, s.grant) },
		"token.revoke": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.RevokeToken(ctx, s.token)
			return err
		},
		"token.revoke_all": func(_ *testing.T, ctx context.Context, h *house, _ stage) error { return h.RevokeAll(ctx, time.Time{}) },
		"backup.restore": func(_ *testing.T, ctx context.Context, h *house, _ stage) error {
			return h.Restored(ctx, "auth.oauth2d", "everything", time.Now())
		},
		"key.rotate": func(_ *testing.T, ctx context.Context, h *house, _ stage) error {
			return h.RotateKeys(ctx, keyring.UseSign)
		},
		"key.drop": func(_ *testing.T, ctx context.Context, h *house, _ stage) error {
			return h.DropKey(ctx, h.Keys()[0].ID)
		},

		"login.succeeded": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, _, err := h.sessions.Start(ctx, s.user, oauth.Proof{ACR: oauth.ACRPassword, AMR: []string{oauth.AMRPassword}}, "")
			return err
		},
		"session.ended": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.sessions.End(ctx, s.session, session.ReasonLogout)
		},
		"consent.given": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.authorizer.Allow(ctx, authorize.Continuation{Request: authorize.Request{Client: s.client, Asked: authorize.Asked{Scope: oauth.Scopes{"read"}}}}, s.session)
			return err
		},
		"consent.withdrawn": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.authorizer.Withdraw(ctx, s.user.ID, s.client.ID)
		},
		"password.changed": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			_, err := h.directory.Choose(ctx, s.account, "another horse battery staple")
			return err
		},
		"token.issued": func(t *testing.T, ctx context.Context, h *house, s stage) error {
			h.issue(t, ctx, s.client)
			return nil
		},
		"token.revoked": func(_ *testing.T, ctx context.Context, h *house, s stage) error {
			return h.tokens.Revoke(ctx, s.client, s.token)
		},
	}
}

// outcomes returns the outcomes of the entries of one name.
func (h *house) outcomes(name string) []event.Outcome {
	var all []event.Outcome
	for _, e := range h.Emitted() {
		if e.Name() != name {
			continue
		}
		switch e := e.(type) {
		case event.AdminAction:
			all = append(all, e.Outcome)
		case event.TokenRevoked:
			all = append(all, e.Outcome)
		case event.SessionEnded:
			all = append(all, e.Outcome)
		case event.ConsentGiven:
			all = append(all, e.Outcome)
		case event.ConsentWithdrawn:
			all = append(all, e.Outcome)
		case event.PasswordChanged:
			all = append(all, e.Outcome)
		default:
			all = append(all, "")
		}
	}
	return all
}

// A caller that disconnects after the store committed, and before the reply was read, changes neither the audit record
// nor what is done.
func TestF_S02_EveryChangeIsRecordedWhenItsCallerDisconnects(t *testing.T) {
	t.Parallel()
	for name, verb := range verbs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			s := h.prepare(t)
			h.Reset()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			h.leave = cancel
			if err := verb(t, ctx, h, s); err != nil {
				t.Errorf("the change was broken off: %v", err)
			}
			if all := h.outcomes(name); len(all) != 1 || !all[0].IsDone() {
				t.Errorf("entries %s: %v, want one that is done", name, all)
			}
		})
	}
}

// A change whose second step fails is recorded with what the first step changed; a change that is refused is recorded
// with the reason.
func TestF_S02_AChangeThatFailsIsRecordedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail    string
		outcome event.Outcome
		changed bool
	}{
		"client.change":        {"access.revoke_client", event.Unknown, true},
		"client.delete":        {"clients.delete", event.Unknown, true},
		"client.revoke_tokens": {"access.revoke_client", event.Unknown, true},
		"client.create":        {"clients.put", event.Unknown, false},
		"user.create":          {"users.put", event.Unknown, false},
		"user.change":          {"sessions.end", event.Unknown, true},
		"user.delete":          {"users.delete", event.Unknown, true},
		"user.set_password":    {"sessions.end", event.Unknown, false},
		"session.end":          {"sessions.end", event.Unknown, true},
		"session.ended":        {"sessions.end", event.Unknown, false},
		"consent.given":        {"consents.give", event.Unknown, false},
		"consent.withdrawn":    {"revocations.raise", event.Unknown, false},
		"password.changed":     {"users.put", event.Unknown, false},
		"token.revoked":        {"access.revoke", event.Unknown, false},
		"token.revoke_all":     {"freshness.raise_epoch", event.Unknown, true},
		"backup.restore":       {"freshness.raise_epoch", event.Unknown, true},
		"grant.revoke":         {"grants.kill", event.Unknown, true},
		"key.rotate":           {"keys.swap", event.Unknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			s := h.prepare(t)
			h.Reset()
			h.fail[c.fail] = errAway
			if err := verbs()[name](t, t.Context(), h, s); err == nil {
				t.Fatal("it did not fail")
			}
			if all := h.outcomes(name); len(all) != 1 || all[0] != c.outcome {
				t.Errorf("entries %s: %v, want one that is %s", name, all, c.outcome)
			}
			for _, e := range h.Emitted() {
				if fact, isDeed := e.(event.AdminAction); isDeed && (fact.Reason == "" || c.changed == (fact.Before == nil && fact.After == nil)) {
					t.Errorf("what it changed and why it ended: %+v", fact)
				}
			}
		})
	}
}

func TestF_S02_ARefusedChangeIsRecordedAsFailed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.prepare(t)
	h.Reset()
	weak := h.By("helper", oauth.Scopes{"admin:clients:write"})
	powerful := s.client
	powerful.ID, powerful.Secrets, powerful.Scopes = "powerful", nil, oauth.Scopes{"admin:keys:write"}
	_, _, err := weak.CreateClient(t.Context(), powerful, admin.FirstSecret{})
	refusal := oauth.AsError(err)
	if refusal.Code != oauth.InsufficientScope || !refusal.WasRecorded() {
		t.Errorf("%v, recorded %v", err, refusal.WasRecorded())
	}
	if len(h.Emitted()) != 1 {
		t.Fatalf("told %+v", h.Emitted())
	}
	fact, _ := h.Emitted()[0].(event.AdminAction)
	if fact.Outcome != event.Failed || fact.Actor != "helper" || fact.Target != "powerful" || fact.Reason == "" {
		t.Errorf("%+v", fact)
	}
}
