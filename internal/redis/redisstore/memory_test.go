package redisstore_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The budgets of memory in bytes. Redis keeps 136 bytes for a key of this length with a time to live, and 8 to 32 for
// its places in the tables of keys.
const (
	tokenBudget = 350 // everything
	grantBudget = 400 // without the index
	wholeBudget = 500 // everything, with five grants a user
	population  = 1 << 13
	together    = 1 << 9 // so many codes wait at a time: they have an index, which is gone when they are
)

func TestMemoryBudgets(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	grants, now, ctx := redisstore.NewGrants(db), time.Now(), t.Context()
	refresh := func(serial uint32, token bool) func(n int) error {
		return func(n int) error {
			g := sampleGrant(now, n)
			p := store.Presentation{
				Grant: g.Ref, Client: g.Client, Scope: g.Scope, Audience: g.Audience, Serial: serial, Now: now.Add(time.Minute), Rotate: true,
				Keep: 7 * 24 * time.Hour,
			}
			if token {
				p.Access = &store.NewAccess{Digest: oauth.DigestOf(fmt.Sprint(n)), Life: 15 * time.Minute}
			}
			got, err := grants.Advance(ctx, p)
			if err == nil && got.Verdict != oauth.Advanced {
				return fmt.Errorf("grant %d: %s", n, got.Verdict)
			}
			return err
		}
	}
	var before int64
	for from := 0; from < together+population; from += together {
		populate(t, from, together, func(n int) error { return grants.Create(ctx, sampleGrant(now, n)) })
		populate(t, from, together, refresh(0, false))
		populate(t, from, together, refresh(1, false)) // from here on the size of a grant does not change
		deleteAll(t, admin, "auth:codes:*")
		if from == 0 { // what Redis allocates for a command at its first use is there
			before = usedMemory(t, admin)
		}
	}
	perRecord := func(what string, before, budget int64) int64 {
		t.Helper()
		var used int64
		redistest.Eventually(t, 10*time.Second, what+" keep to the budget", func() bool { // tables of keys grow in steps
			used = usedMemory(t, admin)
			t.Logf("%s: %d bytes each", what, (used-before)/population)
			return used-before <= budget*population
		})
		t.Logf("%s: %d bytes each", what, (used-before)/population)
		return used
	}
	withGrants := perRecord("grants", before, wholeBudget)
	if alone := average(t, admin, func(n int) string { return "auth:grant:" + string(sampleGrant(now, n).Ref) }); alone > grantBudget {
		t.Errorf("a grant without the index takes %d bytes, more than %d", alone, grantBudget)
	}
	populate(t, 0, population, refresh(2, true))
	perRecord("tokens", withGrants, tokenBudget)
}

// usedMemory returns the memory of the data of Redis.
func usedMemory(t *testing.T, admin *redis.Client) int64 {
	t.Helper()
	info, err := admin.Info(t.Context(), "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	var used int64
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		n, _ := strconv.ParseInt(value, 10, 64) // 0 for other lines
		switch name {
		case "used_memory":
			used += n
		case "mem_clients_normal":
			used -= n
		}
	}
	return used
}

// besides is the memory of a key with a time to live that MEMORY USAGE does not count: its place in the table of keys,
// and its entry and place in the table of expiries.
const besides = 8 + 24 + 8

// average is the memory of a record, everything included.
func average(t *testing.T, admin *redis.Client, key func(n int) string) int64 {
	t.Helper()
	var sum int64
	for n := range population {
		bytes, err := admin.MemoryUsage(t.Context(), key(n), 0).Result()
		if err != nil {
			t.Fatal(err)
		}
		sum += bytes + besides
	}
	return sum / population
}

func deleteAll(t *testing.T, admin *redis.Client, pattern string) {
	t.Helper()
	keys, err := admin.Keys(t.Context(), pattern).Result()
	if err == nil && len(keys) > 0 {
		err = admin.Del(t.Context(), keys...).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// populate runs an action for some members of the population, many at the same time.
func populate(t *testing.T, from, count int, one func(n int) error) {
	t.Helper()
	var all sync.WaitGroup
	const lanes = 64
	for lane := range lanes {
		all.Go(func() {
			for n := from + lane; n < from+count; n += lanes {
				if err := one(n); err != nil {
					t.Errorf("%d: %v", n, err)
					return
				}
			}
		})
	}
	all.Wait()
}
