package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// The cache of other services has a Redis of its own. Its backup neither has records of others nor needs the issuer or the
// master key; its time is recorded where the servers see it. What has expired since does not come back, and nobody must
// sign in again.
func TestBackupOfACacheOnItsOwnRedis(t *testing.T) {
	t.Parallel()
	ours, cache, a := redistest.Start(t, rights(t)...), redistest.Start(t, rights(t)...), newArchives(t)
	s := site{"OAUTH2D_REDIS_MODE=standalone", "OAUTH2D_REDIS_ADDRS=" + ours.Addr, "OAUTH2D_REDIS_TIMEOUT=10s"}
	ours.Do(t, "set", "auth:user_sessions:ada", "1")
	entries := cache.Admin(t)
	for i := range 100 {
		entries.Set(t.Context(), fmt.Sprint("cache:recipe:", i), fmt.Sprint("recipe ", i), time.Hour)
	}
	entries.Set(t.Context(), "cache:recipe:short", "expires", 10*time.Second) // later than the backup, also on a busy machine
	entries.Set(t.Context(), "auth:client:odd", "of another kind", 0)
	want := contents(t, cache)

	out, _ := works(t, s.user("backup"), a.create("--kind", "cache", "--source", cache.Addr)...)
	m := fromJSON[backup.Manifest](t, out)
	if m.Kind != backup.Cache || m.Keys != 101 || m.Foreign != 1 || m.Source.Servers[0] != cache.Addr {
		t.Errorf("%+v", m)
	}
	if at := ours.Do(t, "hget", "auth:backup:cache", "at"); at == nil {
		t.Error("the servers do not see the time of the backup")
	}
	if n := cache.Do(t, "exists", "auth:backup:cache"); n != int64(0) {
		t.Error("the time of the backup is in the cache")
	}
	entries.Set(t.Context(), "cache:recipe:1", "changed", time.Hour)
	entries.Del(t.Context(), "cache:recipe:2")
	redistest.Eventually(t, 30*time.Second, "an entry has expired", func() bool { return entries.Exists(t.Context(), "cache:recipe:short").Val() == 0 })

	restore := a.restore("--kind", "cache", "--into", cache.Addr)
	if code, _, messages := terminal(t, s.user("cache"), append(restore, "--yes")...); code == 0 || !strings.Contains(messages, "admin") {
		t.Errorf("a restore as the user cache: code %d: %s", code, messages)
	}
	if code, _, messages := terminal(t, s.user("admin"), append(restore, "--kind", "auth", "--yes")...); code == 0 {
		t.Errorf("a restore of another kind: %s", messages)
	}
	out, _ = works(t, s.user("admin"), append(restore, "--yes")...)
	if r := fromJSON[restored](t, out); !r.Done || r.People != 0 {
		t.Errorf("%+v", r)
	}
	maps.DeleteFunc(want, func(key, _ string) bool { return key == "cache:recipe:short" })
	got := contents(t, cache)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %s, want %s", key, got[key], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	if n := ours.Do(t, "dbsize"); n != int64(2) { // the session and the time of the backup
		t.Errorf("the Redis of the settings has %v records", n)
	}
	if code, _, messages := terminal(t, s.user("admin"), a.restore("--kind", "cache", "--into", "cache")...); code != 2 || !strings.Contains(messages, "must be HOST:PORT") {
		t.Errorf("code %d: %s", code, messages)
	}
}
