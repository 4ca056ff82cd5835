package probe_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// set writes keys that live for an hour.
func set(t *testing.T, db redis.Cmdable, names ...string) {
	t.Helper()
	pipe := db.Pipeline()
	for _, name := range names {
		pipe.Set(t.Context(), name, "a value", time.Hour)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := server.Admin(t)
	set(t, admin, "auth:grant:a", "auth:grant:b", "auth:revoked:token:c", "auth:revoked:user:d", "other:e", "cache:recipes:page:f", "cache:resource:g")
	server.Do(t, "SET", "auth:epoch", "1")
	server.Do(t, "PEXPIRE", "auth:grant:a", 60_000)
	server.Do(t, "SELECT", "0")
	r, err := probe.New(open(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})).Records(t.Context(), 0)
	if err != nil || !r.All || r.Keys != 8 || r.Read != 8 {
		t.Fatalf("%+v, %v", r, err)
	}
	got := map[string]int64{}
	for _, k := range r.Kinds {
		got[k.Name] = k.Count
	}
	want := map[string]int64{"auth:grant": 2, "auth:revoked:token": 1, "auth:revoked:user": 1, "(other)": 1, "cache:recipes:page": 1, "cache:resource": 1, "auth:epoch": 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	grants := r.Kinds[0] // the most frequent kind
	if grants.Expiring != 2 || grants.Soonest > time.Minute || grants.Latest < 59*time.Minute || grants.Sampled != 2 || grants.Bytes == 0 {
		t.Errorf("grants: %+v", grants)
	}
	epoch := slices.IndexFunc(r.Kinds, func(k probe.Kind) bool { return k.Name == "auth:epoch" })
	if r.Kinds[epoch].Expiring != 0 {
		t.Errorf("epoch: %+v", r.Kinds[epoch])
	}
}

// A count reads a bounded part of a large database, and never runs KEYS. A user without rights on the keys sees their
// number all the same.
func TestRecordsAreBounded(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "user least on >"+rightPassword+" ~auth:* +@all -@dangerous +info")
	admin := server.Admin(t)
	var names []string
	for i := range 4000 {
		names = append(names, fmt.Sprintf("auth:grant:%d", i))
	}
	set(t, admin, append(names, "cache:resource:a")...)
	o := redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Username: "least", Password: rightPassword}
	prober := probe.New(open(t, o))
	r, err := prober.Records(t.Context(), 1000)
	if err != nil || r.All || r.Keys != 4001 || r.Read < 1000 || r.Read > 2500 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = prober.Records(t.Context(), 0); err != nil || !r.All || r.Read != 4001 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, k := range r.Kinds {
		if hidden := k.Name == "cache:resource"; k.Hidden != hidden {
			t.Errorf("%+v", k)
		}
	}
	for _, line := range server.Do(t, "ACL", "LOG").([]any) {
		t.Log(line) // one entry: the key was asked for once
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := prober.Records(ctx, 0); err == nil {
		t.Error("no error after the caller left")
	}
}

func TestLoads(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t)
	var addrs []string
	for _, s := range group.Sentinels {
		addrs = append(addrs, s.Addr)
	}
	set(t, group.Master(t).Admin(t), "auth:grant:a")
	prober := probe.New(open(t, patient(redisconn.Options{Mode: redisconn.Sentinel, Addrs: addrs, MasterName: redistest.MasterName})))
	master, err := prober.Master(t.Context())
	if err != nil || master != group.Master(t).Addr {
		t.Errorf("master %s, %v", master, err)
	}
	redistest.Eventually(t, 20*time.Second, "replicas that have everything", func() bool {
		loads, err := prober.Loads(t.Context())
		if err != nil || len(loads) != 3 || loads[0].Role != "master" || loads[0].Replicas != 2 || loads[0].Used == 0 {
			t.Logf("%+v, %v", loads, err)
			return false
		}
		return !slices.ContainsFunc(loads[1:], func(l probe.Load) bool {
			return l.Role != "replica" || !l.LinkUp || l.Lag > 1000
		})
	})
}
