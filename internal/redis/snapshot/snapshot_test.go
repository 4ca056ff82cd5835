package snapshot_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/redis/snapshot"
)

// open connects to a Redis without changing it.
func open(t testing.TB, o redisconn.Options) *redisconn.DB {
	t.Helper()
	o.Observer, o.Timeout = true, 5*time.Second
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func standalone(t testing.TB, s *redistest.Server) *redisconn.DB {
	t.Helper()
	return open(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{s.Addr}})
}

func folder(t testing.TB) *backup.Folder {
	t.Helper()
	f, err := backup.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func create(t testing.TB, from *redisconn.DB, to backup.Destination) backup.Manifest {
	t.Helper()
	m, err := backup.Create(t.Context(), backup.CreateOptions{Kind: backup.Auth, From: snapshot.NewReader(from), To: to, Version: "1.0.0", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// options restore an archive of a test, without an epoch.
func options(from backup.Destination, name string, to *redisconn.DB) backup.RestoreOptions {
	return backup.RestoreOptions{
		Kind: backup.Auth, From: from, Name: name, To: snapshot.NewTarget(to), Part: backup.Everything, Version: "1.0.0", Now: time.Now,
		Data: backup.DataVersions{Oldest: 0, Newest: 1}, KeepSignIns: true,
		Confirm: func(backup.Plan) (bool, error) { return true, nil },
	}
}

// dump returns every key of a database with its value and its time to live.
func dump(t testing.TB, client redis.UniversalClient) map[string]string {
	t.Helper()
	all := make(map[string]string)
	ctx := t.Context()
	each := func(ctx context.Context, node *redis.Client) error {
		keys, err := node.Keys(ctx, "*").Result()
		if err != nil {
			return err
		}
		for _, key := range keys {
			value, err := content(ctx, node, key)
			if err != nil {
				return err
			}
			all[key] = fmt.Sprintf("%x until %d", value, node.PExpireTime(ctx, key).Val().Milliseconds())
		}
		return nil
	}
	var err error
	if cluster, ok := client.(*redis.ClusterClient); ok {
		for _, master := range masters(t, cluster) {
			if err = each(ctx, master); err != nil {
				break
			}
		}
	} else {
		err = each(ctx, client.(*redis.Client))
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// content returns a value in a form that does not depend on the process that has it.
func content(ctx context.Context, node *redis.Client, key string) (string, error) {
	switch node.Type(ctx, key).Val() {
	case "set":
		all, err := node.SMembers(ctx, key).Result()
		slices.Sort(all)
		return strings.Join(all, "\n"), err
	case "hash":
		all, err := node.HGetAll(ctx, key).Result()
		return fmt.Sprint(all), err // in the order of the fields
	}
	return node.Dump(ctx, key).Result()
}

func masters(t testing.TB, cluster *redis.ClusterClient) []*redis.Client {
	t.Helper()
	found := make(chan *redis.Client, 100)
	if err := cluster.ForEachMaster(t.Context(), func(_ context.Context, node *redis.Client) error { found <- node; return nil }); err != nil {
		t.Fatal(err)
	}
	close(found)
	var all []*redis.Client
	for one := range found {
		all = append(all, one)
	}
	return all
}

// fill writes values of every type, in their small and in their large form.
func fill(t testing.TB, client redis.Cmdable) {
	t.Helper()
	ctx := t.Context()
	pipe := client.Pipeline()
	long := strings.Repeat("a text that compresses well ", 100)
	for i, size := range []int{1, 20, 700, 20_000} {
		for n := range size {
			member, value := fmt.Sprintf("member-%d", n), strings.Repeat("x", n%90)
			pipe.HSet(ctx, fmt.Sprintf("auth:hash:%d", i), member, value)
			pipe.SAdd(ctx, fmt.Sprintf("auth:set:%d", i), member)
			pipe.SAdd(ctx, fmt.Sprintf("auth:ints:%d", i), n*n*n)
			pipe.ZAdd(ctx, fmt.Sprintf("auth:zset:%d", i), redis.Z{Score: float64(n) / 3, Member: member})
			pipe.RPush(ctx, fmt.Sprintf("auth:list:%d", i), value)
			pipe.XAdd(ctx, &redis.XAddArgs{Stream: fmt.Sprintf("auth:stream:%d", i), Values: []any{"field", value, member, n}})
			if n%1000 == 999 {
				if _, err := pipe.Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		pipe.XGroupCreate(ctx, fmt.Sprintf("auth:stream:%d", i), "group", "0")
		pipe.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "group", Consumer: "one", Streams: []string{fmt.Sprintf("auth:stream:%d", i), ">"}, Count: 5})
	}
	for name, value := range map[string]any{"int8": 7, "int16": -30_000, "int32": 2_000_000, "big": 1 << 40, "text": "text", "empty": "", "long": long, "binary": "\x00\xff\r\n"} {
		pipe.Set(ctx, "auth:string:"+name, value, 0)
		pipe.Set(ctx, "auth:ending:"+name, value, time.Hour)
	}
	pipe.Set(ctx, "auth:"+strings.Repeat("compressed-name-", 20), 1, 0)
	pipe.RPush(ctx, "auth:list:long", strings.Repeat(long, 200), long, long)
	pipe.Set(ctx, "auth:string:huge", strings.Repeat("0123456789abcdef", 100_000), 0)
	pipe.Set(ctx, "other:key", 1, 0)
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

// without returns the records without those of others.
func without(all map[string]string) map[string]string {
	all = maps.Clone(all)
	delete(all, "other:key")
	delete(all, "auth:clients:version")
	delete(all, "auth:{clients}:version")
	return all
}

func compare(t testing.TB, want, got map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%s: %.60s, want %.60s", key, got[key], want[key])
		}
	}
	for key := range got {
		if _, there := want[key]; !there {
			t.Errorf("%s was not there before", key)
		}
	}
}

func TestEveryValueComesBack(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{"as a stream": nil, "as a file": {"repl-diskless-sync no"}, "without a checksum": {"rdbchecksum no"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, append(settings, "repl-diskless-sync-delay 0")...)
			db, admin, to := standalone(t, server), server.Admin(t), folder(t)
			fill(t, admin)
			want := without(dump(t, admin))
			m := create(t, db, to)
			if m.Keys != int64(len(want)) || m.Foreign != 1 || m.Records["auth:string"] != 9 {
				t.Errorf("%d keys and %d of others: %+v", m.Keys, m.Foreign, m)
			}
			v, err := backup.Verify(t.Context(), to, m.Archive.Name, backup.Key{}, nil)
			if err != nil || !v.Listed || *v.Archive != *m.Archive {
				t.Errorf("%+v, %v", v, err)
			}
			server.Do(t, "flushall")
			server.Do(t, "set", "auth:hash:newer", "1")
			plan, err := backup.Restore(t.Context(), options(to, m.Archive.Name, db))
			if err != nil || !plan.Done {
				t.Fatal(plan, err)
			}
			compare(t, want, without(dump(t, admin)))
			if n := server.Do(t, "exists", "auth:restore:try"); n != int64(0) {
				t.Error("the trial key is left")
			}
		})
	}
}

// A dry run changes nothing, and knows equal values although Redis returns them in another order.
func TestADryRunListsWhatWouldChange(t *testing.T) {
	t.Parallel()
	first, second := redistest.Start(t, "repl-diskless-sync-delay 0"), redistest.Start(t)
	to, source := folder(t), first.Admin(t)
	fill(t, source)
	source.HSet(t.Context(), "auth:client:old", "json", strings.Repeat("x", 100), "secret", strings.Repeat("y", 100), "more", strings.Repeat("z", 100))
	source.Set(t.Context(), "auth:client:changed", "before", 0)
	source.Set(t.Context(), "auth:client:gone", "before", 0)
	m := create(t, standalone(t, first), to)
	db, admin := standalone(t, second), second.Admin(t)
	if plan, err := backup.Restore(t.Context(), options(to, m.Archive.Name, db)); err != nil || !plan.Done {
		t.Fatal(plan, err)
	}
	admin.Set(t.Context(), "auth:client:changed", "after", 0)
	admin.Del(t.Context(), "auth:client:gone")
	admin.Set(t.Context(), "auth:user:new", "after", 0)
	before := dump(t, admin)
	o := options(to, m.Archive.Name, db)
	o.DryRun = true
	o.Confirm = func(backup.Plan) (bool, error) { t.Error("a dry run asks"); return true, nil }
	plan, err := backup.Restore(t.Context(), o)
	if err != nil || plan.Done {
		t.Fatal(plan, err)
	}
	compare(t, before, dump(t, admin))
	want := []backup.Named{{Kind: "client", ID: "changed", Does: "replace"}, {Kind: "client", ID: "gone", Does: "add"}, {Kind: "user", ID: "new", Does: "remove"}}
	if !slices.Equal(plan.Named, want) {
		t.Errorf("%+v", plan.Named)
	}
	for _, c := range plan.Changes {
		want := map[string]backup.Change{
			"auth:client": {Kind: "auth:client", Add: 1, Replace: 2, Same: 1}, "auth:user": {Kind: "auth:user", Remove: 1},
			"auth:hash": {Kind: "auth:hash", Replace: 4, Same: 3}, // the largest one is not compared
		}[c.Kind]
		if want.Kind != "" && c != want {
			t.Errorf("%+v, want %+v", c, want)
		}
	}
}
