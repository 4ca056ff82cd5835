package suite

import (
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

// Subject is one implementation of every contract, over one store.
type Subject struct {
	Grants   store.Grants
	Access   store.Access
	Clients  store.Clients
	Users    store.Users
	Sessions store.Sessions
	Consents store.Consents
	Requests store.Requests
	Rosters  store.Rosters
	Keys     store.Keys
	Backups  store.Backups
	Audit    store.Audit
	Limits   store.Limits
	Sweeps   store.Sweeps
	Overview store.Overview

	Freshness store.Freshness

	Revocations store.Revocations
}

// Open returns a subject over an empty store.
type Open func(t *testing.T) Subject

// The size of the random histories.
const (
	Seeds = 25
	Steps = 40
	Crowd = 50
)

// Dice are the choices of one history.
type Dice struct{ *rand.Rand }

// Roll returns the dice of one history: the same ones each time, and others for every purpose.
func Roll(purpose string, seed uint64) Dice {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))                     // it never fails
	return Dice{rand.New(rand.NewPCG(seed, h.Sum64()))} //nolint:gosec // repeatable on purpose
}

// OneIn returns true once in n times.
func (d Dice) OneIn(n int) bool { return d.IntN(n) == 0 }

// Pick chooses one of some values.
func Pick[T any](d Dice, values ...T) T { return values[d.IntN(len(values))] }

// Ref is a random name of the length that refs have.
func (d Dice) Ref() string { return oauth.DigestOf(fmt.Sprint("ref", d.Uint64(), d.Uint64())).Key() }

// Roots are the browsers of every user.
var Roots = []oauth.RootTag{"AAAA", "BBBB", "CCCC"}

// GrantRef returns the name of a random grant of a user in one of the browsers.
func (d Dice) GrantRef(user oauth.UserID) oauth.GrantRef {
	random := oauth.DigestOf(fmt.Sprint("grant", d.Uint64(), d.Uint64()))
	return oauth.NewGrantID(user, Pick(d, Roots...), random[:oauth.GrantEntropy]).Ref()
}

// SessionRef names a random session of a user.
func (d Dice) SessionRef(user oauth.UserID) oauth.SessionRef {
	return oauth.SessionRef(string(oauth.TagOfUser(user)) + d.Ref()[oauth.UserTagLength:])
}

// UUID is a random user id.
func (d Dice) UUID() oauth.UserID {
	return oauth.UserID(fmt.Sprintf("%08x-0000-4000-8000-%012x", d.Uint32(), d.Uint64()>>16))
}

// Start returns the time at which a history begins: now, to a second.
func Start() time.Time { return time.Now().UTC().Truncate(time.Second) }

// Same fails when the store returns another result than the model.
func Same(t *testing.T, where string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got  %+v\n want %+v", where, got, want)
	}
}

// Sure fails when the store could not be asked. The sentinel errors pass.
func Sure(t *testing.T, where string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, store.Absent) && !errors.Is(err, store.Conflict) && !errors.Is(err, store.Revoked) {
		t.Fatalf("%s: %v", where, err)
	}
}

// Together runs n callers at the same moment and waits for all.
func Together(n int, call func(i int)) {
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

// Complete fails when a sample leaves a field of its type empty: then no history would notice an
// implementation that loses it.
func Complete(t *testing.T, sample any, except ...string) {
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

// Second returns the error of two results.
func Second[A any](_ A, err error) error { return err }

// Third returns the error of three results.
func Third[A, B any](_ A, _ B, err error) error { return err }
