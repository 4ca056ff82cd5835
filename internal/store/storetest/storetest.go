package storetest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Subject is one implementation of everything, over one store.
type Subject struct {
	Grants   store.Grants
	Access   store.Access
	Clients  store.Clients
	Users    store.Users
	Sessions store.Sessions
	Consents store.Consents
	Requests store.Requests
	Keys     store.Keys
	Audit    store.Audit
	Limits   store.Limits
	Sweeps   store.Sweeps
	Overview store.Overview

	Freshness store.Freshness

	Revocations store.Revocations
}

// Open returns a subject over an empty store.
type Open func(t *testing.T) Subject

// All runs every suite, one after the other.
func All(t *testing.T, open Open) {
	t.Helper()
	t.Run("grants", func(t *testing.T) { Grants(t, open) })
	t.Run("access", func(t *testing.T) { Access(t, open) })
	t.Run("clients", func(t *testing.T) { Clients(t, open) })
	t.Run("users", func(t *testing.T) { Users(t, open) })
	t.Run("sessions", func(t *testing.T) { Sessions(t, open) })
	t.Run("overview", func(t *testing.T) { Overview(t, open) })
	t.Run("consents", func(t *testing.T) { Consents(t, open) })
	t.Run("requests", func(t *testing.T) { Requests(t, open) })
	t.Run("keys", func(t *testing.T) { Keys(t, open) })
	t.Run("limits", func(t *testing.T) { Limits(t, open) })
	t.Run("sweeps", func(t *testing.T) { Sweeps(t, open) })
	t.Run("audit", func(t *testing.T) { Audit(t, open) })
	t.Run("crowds", func(t *testing.T) { Crowds(t, open) })
	t.Run("abandoned", func(t *testing.T) { Abandoned(t, open) })
}

// The size of the random histories.
const (
	seeds = 25
	steps = 40
	crowd = 50
)

// dice are the choices of one history.
type dice struct{ *rand.Rand }

// roll returns the dice of one history: the same ones each time, and others for every purpose.
func roll(purpose string, seed uint64) dice {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))                     // it never fails
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))} //nolint:gosec // repeatable on purpose
}

// oneIn returns true once in n times.
func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

// pick chooses one of some values.
func pick[T any](d dice, values ...T) T { return values[d.IntN(len(values))] }

// ref is a random name of the length that refs have.
func (d dice) ref() string { return oauth.DigestOf(fmt.Sprint("ref", d.Uint64(), d.Uint64())).Key() }

// roots are the browsers of every user.
var roots = []oauth.RootTag{"AAAA", "BBBB", "CCCC"}

// grantRef returns the name of a random grant of a user in one of the browsers.
func (d dice) grantRef(user oauth.UserID) oauth.GrantRef {
	random := oauth.DigestOf(fmt.Sprint("grant", d.Uint64(), d.Uint64()))
	return oauth.NewGrantID(user, pick(d, roots...), random[:oauth.GrantEntropy]).Ref()
}

// sessionRef names a random session of a user.
func (d dice) sessionRef(user oauth.UserID) oauth.SessionRef {
	return oauth.SessionRef(string(oauth.TagOfUser(user)) + d.ref()[oauth.UserTagLength:])
}

// uuid is a random user id.
func (d dice) uuid() oauth.UserID {
	return oauth.UserID(fmt.Sprintf("%08x-0000-4000-8000-%012x", d.Uint32(), d.Uint64()>>16))
}

// start is when every history begins: now, to a second.
func start() time.Time { return time.Now().UTC().Truncate(time.Second) }

// same fails when the store says something else than the model.
func same(t *testing.T, where string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got  %+v\n want %+v", where, got, want)
	}
}

// sure fails when the store could not be asked. The answers that look like errors pass.
func sure(t *testing.T, where string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, store.Absent) && !errors.Is(err, store.Conflict) && !errors.Is(err, store.Revoked) {
		t.Fatalf("%s: %v", where, err)
	}
}

// together runs n callers at the same moment and waits for all.
func together(n int, call func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			call(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}

// complete fails when a sample leaves a field of its type empty: then no history would notice that
// an implementation forgets it.
func complete(t *testing.T, sample any, except ...string) {
	t.Helper()
	v := reflect.ValueOf(sample)
fields:
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		for _, known := range except {
			if name == known {
				continue fields
			}
		}
		if v.Field(i).IsZero() {
			t.Errorf("the sample of %s has an empty %s", v.Type(), name)
		}
	}
}

// Abandoned asks everything with a context that has ended: every answer must be an error, and none
// of the two that mean something.
func Abandoned(t *testing.T, open Open) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now := start()
	for name, err := range map[string]error{
		"Grants.Create":       s.Grants.Create(ctx, oauth.Grant{Ref: "x"}),
		"Grants.CreateOnce":   s.Grants.CreateOnce(ctx, oauth.Grant{Ref: "x"}, store.Once{Name: "x", Keep: time.Hour}),
		"Grants.Advance":      second(s.Grants.Advance(ctx, store.Presentation{})),
		"Grants.Get":          second(s.Grants.Get(ctx, "x")),
		"Grants.OfUser":       second(s.Grants.OfUser(ctx, store.GrantQuery{User: "x"})),
		"Grants.Kill":         s.Grants.Kill(ctx, "x"),
		"Access.Put":          s.Access.Put(ctx, oauth.Access{}, now),
		"Access.Look":         second(s.Access.Look(ctx, store.Query{})),
		"Access.Revoke":       s.Access.Revoke(ctx, store.Query{}, now, now),
		"Access.RevokeClient": s.Access.RevokeClient(ctx, "x", now, time.Hour),
		"Clients.Get":         second(s.Clients.Get(ctx, "x")),
		"Clients.Put":         second(s.Clients.Put(ctx, oauth.Client{ID: "x"})),
		"Clients.Delete":      s.Clients.Delete(ctx, "x"),
		"Clients.List":        second(s.Clients.List(ctx, "", 1)),
		"Freshness.Read":      second(s.Freshness.Read(ctx)),
		"Freshness.Raise":     s.Freshness.RaiseEpoch(ctx, now),
		"Users.Get":           second(s.Users.Get(ctx, "x")),
		"Users.Account":       second(s.Users.Account(ctx, "x")),
		"Users.Find":          second(s.Users.Find(ctx, "x")),
		"Users.Put":           second(s.Users.Put(ctx, oauth.Account{User: oauth.User{ID: "x"}})),
		"Users.Rename":        second(s.Users.Rename(ctx, oauth.Account{User: oauth.User{ID: "x"}}, "y")),
		"Users.Delete":        s.Users.Delete(ctx, "x"),
		"Users.List":          second(s.Users.List(ctx, "", 1)),
		"Sessions.Start":      third(s.Sessions.Start(ctx, oauth.Session{}, 1)),
		"Sessions.Find":       second(s.Sessions.Find(ctx, "x", now)),
		"Sessions.Touch":      s.Sessions.Touch(ctx, oauth.Session{}),
		"Sessions.End":        s.Sessions.End(ctx, "x", "y"),
		"Sessions.OfUser":     second(s.Sessions.OfUser(ctx, "x", now)),
		"Overview.Counts":     second(s.Overview.Counts(ctx, now)),
		"Overview.Sessions":   third(s.Overview.Sessions(ctx, store.SessionPlace{}, 1, now)),
		"Overview.Behind":     second(s.Overview.SessionsBehind(ctx, store.SessionPlace{}, now)),
		"Overview.Clients":    second(s.Overview.ClientsOfUser(ctx, store.ClientsQuery{User: "x", Limit: 1})),
		"Revocations.Raise":   s.Revocations.Raise(ctx, store.Ending{User: "x", What: store.EndedUser}),
		"Revocations.Reap":    second(s.Revocations.Reap(ctx, store.GrantQuery{User: "x", Limit: 1})),
		"Consents.Give":       second(s.Consents.Give(ctx, "x", oauth.Consent{}, now)),
		"Consents.Of":         second(s.Consents.Of(ctx, "x", "y")),
		"Consents.Given":      second(s.Consents.Given(ctx, "x")),
		"Consents.Withdraw":   s.Consents.Withdraw(ctx, "x", "y"),
		"Requests.Keep":       s.Requests.Keep(ctx, oauth.Digest{}, "x", time.Hour),
		"Requests.Get":        second(s.Requests.Get(ctx, oauth.Digest{})),
		"Audit.Append":        second(s.Audit.Append(ctx, store.AuditAppend{Keep: 1})),
		"Audit.End":           second(s.Audit.End(ctx)),
		"Audit.Read":          second(s.Audit.Read(ctx, store.AuditRange{Limit: 1})),
		"Keys.Load":           third(s.Keys.Load(ctx)),
		"Keys.Swap":           s.Keys.Swap(ctx, 0, nil, nil),
		"Limits.Take":         second(s.Limits.Take(ctx, store.Bucket{Permits: 1, Per: time.Hour}, 1, now)),
		"Limits.Try":          second(s.Limits.Try(ctx, "attempt", []store.Budget{{Attempts: 1, Window: time.Hour}}, now)),
		"Limits.Return":       s.Limits.Return(ctx, store.Counted{Attempt: "an attempt"}),
		"Limits.Clear":        s.Limits.Clear(ctx, oauth.Digest{}),
		"Limits.Locked":       second(s.Limits.Locked(ctx, oauth.Digest{}, now)),
		"Sweeps.Claim":        third(s.Sweeps.Claim(ctx, store.Claim{}, now)),
		"Sweeps.Mark":         second(s.Sweeps.Mark(ctx, store.Claim{}, "", now)),
		"Sweeps.Tidy":         second(s.Sweeps.Tidy(ctx, "x", now)),
	} {
		if err == nil || errors.Is(err, store.Absent) || errors.Is(err, store.Conflict) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }
