package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/granttest"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// All runs every suite, one after the other.
func All(t *testing.T, open suite.Open) {
	t.Helper()
	t.Run("grants", func(t *testing.T) { granttest.Grants(t, open) })
	t.Run("access", func(t *testing.T) { granttest.Access(t, open) })
	t.Run("clients", func(t *testing.T) { Clients(t, open) })
	t.Run("users", func(t *testing.T) { Users(t, open) })
	t.Run("sessions", func(t *testing.T) { Sessions(t, open) })
	t.Run("overview", func(t *testing.T) { Overview(t, open) })
	t.Run("consents", func(t *testing.T) { Consents(t, open) })
	t.Run("requests", func(t *testing.T) { Requests(t, open) })
	t.Run("rosters", func(t *testing.T) { Rosters(t, open) })
	t.Run("keys", func(t *testing.T) { Keys(t, open) })
	t.Run("backups", func(t *testing.T) { Backups(t, open) })
	t.Run("limits", func(t *testing.T) { Limits(t, open) })
	t.Run("sweeps", func(t *testing.T) { Sweeps(t, open) })
	t.Run("audit", func(t *testing.T) { Audit(t, open) })
	t.Run("crowds", func(t *testing.T) { Crowds(t, open) })
	t.Run("abandoned", func(t *testing.T) { Abandoned(t, open) })
}

// Abandoned asks everything with a context that has ended: every answer must be an error, and none
// of the two that mean something.
func Abandoned(t *testing.T, open suite.Open) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now := suite.Start()
	for name, err := range map[string]error{
		"Grants.Create":       s.Grants.Create(ctx, oauth.Grant{Ref: "x"}),
		"Grants.CreateOnce":   s.Grants.CreateOnce(ctx, oauth.Grant{Ref: "x"}, store.Once{Name: "x", Keep: time.Hour}),
		"Grants.Advance":      suite.Second(s.Grants.Advance(ctx, store.Presentation{})),
		"Grants.Get":          suite.Second(s.Grants.Get(ctx, "x")),
		"Grants.OfUser":       suite.Second(s.Grants.OfUser(ctx, store.GrantQuery{User: "x"})),
		"Grants.Kill":         s.Grants.Kill(ctx, "x"),
		"Access.Put":          s.Access.Put(ctx, oauth.Access{}, now),
		"Access.Look":         suite.Second(s.Access.Look(ctx, store.Query{})),
		"Access.Revoke":       s.Access.Revoke(ctx, store.Query{}, now, now),
		"Access.RevokeClient": s.Access.RevokeClient(ctx, "x", now, time.Hour),
		"Clients.Get":         suite.Second(s.Clients.Get(ctx, "x")),
		"Clients.Put":         suite.Second(s.Clients.Put(ctx, oauth.Client{ID: "x"})),
		"Clients.Delete":      s.Clients.Delete(ctx, "x"),
		"Clients.List":        suite.Second(s.Clients.List(ctx, "", 1)),
		"Freshness.Read":      suite.Second(s.Freshness.Read(ctx)),
		"Freshness.Raise":     s.Freshness.RaiseEpoch(ctx, now),
		"Users.Get":           suite.Second(s.Users.Get(ctx, "x")),
		"Users.Account":       suite.Second(s.Users.Account(ctx, "x")),
		"Users.Find":          suite.Second(s.Users.Find(ctx, "x")),
		"Users.Put":           suite.Second(s.Users.Put(ctx, oauth.Account{User: oauth.User{ID: "x"}})),
		"Users.Rename":        suite.Second(s.Users.Rename(ctx, oauth.Account{User: oauth.User{ID: "x"}}, "y")),
		"Users.Delete":        s.Users.Delete(ctx, "x"),
		"Users.List":          suite.Second(s.Users.List(ctx, "", 1)),
		"Sessions.Start":      suite.Third(s.Sessions.Start(ctx, oauth.Session{}, 1)),
		"Sessions.Find":       suite.Second(s.Sessions.Find(ctx, "x", now)),
		"Sessions.Touch":      s.Sessions.Touch(ctx, oauth.Session{}),
		"Sessions.End":        s.Sessions.End(ctx, "x", "y"),
		"Sessions.OfUser":     suite.Second(s.Sessions.OfUser(ctx, "x", now)),
		"Overview.Counts":     suite.Second(s.Overview.Counts(ctx, now)),
		"Overview.Sessions":   suite.Third(s.Overview.Sessions(ctx, store.SessionPlace{}, 1, now)),
		"Overview.Behind":     suite.Second(s.Overview.SessionsBehind(ctx, store.SessionPlace{}, now)),
		"Overview.Clients":    suite.Second(s.Overview.ClientsOfUser(ctx, store.ClientsQuery{User: "x", Limit: 1})),
		"Revocations.Raise":   s.Revocations.Raise(ctx, store.Ending{User: "x", What: store.EndedUser}),
		"Revocations.Reap":    suite.Second(s.Revocations.Reap(ctx, store.GrantQuery{User: "x", Limit: 1})),
		"Consents.Give":       suite.Second(s.Consents.Give(ctx, "x", oauth.Consent{}, now)),
		"Consents.Of":         suite.Second(s.Consents.Of(ctx, "x", "y")),
		"Consents.Given":      suite.Second(s.Consents.Given(ctx, "x")),
		"Consents.Withdraw":   s.Consents.Withdraw(ctx, "x", "y"),
		"Requests.Keep":       s.Requests.Keep(ctx, oauth.Digest{}, "x", time.Hour),
		"Requests.Get":        suite.Second(s.Requests.Get(ctx, oauth.Digest{})),
		"Rosters.Note":        s.Rosters.Note(ctx, store.Note{}, time.Now()),
		"Rosters.Roster":      suite.Second(s.Rosters.Roster(ctx)),
		"Audit.Append":        suite.Second(s.Audit.Append(ctx, store.AuditAppend{Keep: 1})),
		"Audit.End":           suite.Second(s.Audit.End(ctx)),
		"Audit.Read":          suite.Second(s.Audit.Read(ctx, store.AuditRange{Limit: 1})),
		"Keys.Load":           suite.Third(s.Keys.Load(ctx)),
		"Keys.Swap":           s.Keys.Swap(ctx, 0, nil, nil),
		"Backups.Record":      s.Backups.Record(ctx, store.BackupRecord{Kind: store.BackupAuth}),
		"Backups.Last":        suite.Second(s.Backups.Last(ctx)),
		"Limits.Take":         suite.Second(s.Limits.Take(ctx, store.Bucket{Permits: 1, Per: time.Hour}, 1, now)),
		"Limits.Try":          suite.Second(s.Limits.Try(ctx, "attempt", []store.Budget{{Attempts: 1, Window: time.Hour}}, now)),
		"Limits.Return":       s.Limits.Return(ctx, store.Counted{Attempt: "an attempt"}),
		"Limits.Clear":        s.Limits.Clear(ctx, oauth.Digest{}),
		"Limits.Locked":       suite.Second(s.Limits.Locked(ctx, oauth.Digest{}, now)),
		"Sweeps.Claim":        suite.Third(s.Sweeps.Claim(ctx, store.Claim{}, now)),
		"Sweeps.Mark":         suite.Second(s.Sweeps.Mark(ctx, store.Claim{}, "", now)),
		"Sweeps.Tidy":         suite.Second(s.Sweeps.Tidy(ctx, "x", now)),
	} {
		if err == nil || errors.Is(err, store.Absent) || errors.Is(err, store.Conflict) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
}
