package deploy_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// recoverTo runs the script, and returns its output and its exit code.
func recoverTo(t *testing.T, words ...string) (said string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bin/recover-to.sh", words...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// persistent returns what redis.conf says about the append-only file, and a data folder.
func persistent(dir string) []string {
	return []string{
		"dir " + dir, "appendonly yes", "appendfsync everysec", "aof-timestamp-enabled yes", "aof-use-rdb-preamble yes",
		"auto-aof-rewrite-percentage 0",
	}
}

// contents returns every key with its serialised value and its expiry.
func contents(t *testing.T, db *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range db.Keys(t.Context(), "*").Val() {
		value, err := db.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = fmt.Sprintf("%x expires %v", value, db.PExpireTime(t.Context(), key).Val())
	}
	return all
}

// A running server is brought back, in a new folder, to a second before an accident: every key has the value and the
// expiry of then, whatever the accident was.
func TestRecoverToASecond(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	live := redistest.Start(t, persistent(dir)...)
	db := live.Admin(t)
	ctx := t.Context()
	for i := range 200 {
		n := strconv.Itoa(i)
		db.HSet(ctx, "auth:grant:"+n, "user", "u"+n, "serial", n)
		db.ZAdd(ctx, "auth:user_grants:u"+n, redis.Z{Score: float64(i), Member: n})
		db.Set(ctx, "auth:access_token:"+n, n, time.Hour)
	}
	// A rewrite: the first half is in the base, the second in the incremental file.
	live.Do(t, "BGREWRITEAOF")
	redistest.Eventually(t, patience, "the end of the rewrite", func() bool {
		return strings.Contains(db.Info(ctx, "persistence").Val(), "aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0")
	})
	nextSecond()
	for i := range 200 {
		n := strconv.Itoa(i)
		db.HIncrBy(ctx, "auth:grant:"+n, "serial", 1)
		db.Set(ctx, "auth:revoked:"+n, "1", 2*time.Hour)
	}
	db.Del(ctx, "auth:grant:7", "auth:grant:8")
	at := db.Time(ctx).Val().Unix()
	want := contents(t, db)

	nextSecond()
	db.HSet(ctx, "auth:grant:1", "serial", 99) // overwritten
	db.Persist(ctx, "auth:access_token:2")     // another expiry
	db.HSet(ctx, "auth:grant:8", "serial", 1)  // back again
	db.FlushDB(ctx)                            // and all gone
	db.Set(ctx, "auth:client:new", "1", 0)

	target := filepath.Join(t.TempDir(), "recovered")
	said, code := recoverTo(t, dir, "@"+strconv.FormatInt(at, 10), target)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	recovered := redistest.Start(t, persistent(target)...)
	if got := contents(t, recovered.Admin(t)); !reflect.DeepEqual(got, want) {
		t.Errorf("%d keys were recovered, of %d; they differ from those of the chosen second", len(got), len(want))
	}
	if got := db.DBSize(ctx).Val(); got != 1 {
		t.Errorf("the running server has %d keys: the recovery changed it", got)
	}
}

// nextSecond waits until the wall clock is in another second: the append-only file knows whole seconds.
func nextSecond() {
	now := time.Now()
	time.Sleep(now.Truncate(time.Second).Add(1100 * time.Millisecond).Sub(now))
}

// split writes an append-only file of a base and two incremental files, as a server has it during a rewrite: key k is 1
// at base+10, 2 at base+20, 3 at base+30 in the second file and 4 at base+40.
func split(t *testing.T) (dir string, base int64) {
	t.Helper()
	dir = t.TempDir()
	live := redistest.Start(t, persistent(dir)...)
	live.Kill()
	folder := filepath.Join(dir, "appendonlydir")
	base = time.Now().Unix() + 1
	step := func(n int64) string {
		return fmt.Sprintf("#TS:%d\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n%d\r\n", base+10*n, n)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const begin = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
	write("appendonly.aof.1.incr.aof", begin+step(1)+step(2))
	write("appendonly.aof.2.incr.aof", begin+step(3)+step(4))
	write("appendonly.aof.manifest", "file appendonly.aof.1.base.rdb seq 1 type b\n"+
		"file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n")
	return dir, base
}

// Every second between the base and the last change can be chosen, also while a rewrite has begun a second file.
func TestRecoverToASecondOfAnEarlierFile(t *testing.T) {
	t.Parallel()
	dir, base := split(t)
	for offset, want := range map[int64]string{5: "", 10: "1", 19: "1", 20: "2", 29: "2", 30: "3", 40: "4"} {
		target := filepath.Join(t.TempDir(), "recovered")
		if said, code := recoverTo(t, dir, "@"+strconv.FormatInt(base+offset, 10), target); code != 0 {
			t.Errorf("base+%d: exit code %d: %s", offset, code, said)
			continue
		}
		if got := redistest.Start(t, persistent(target)...).Admin(t).Get(t.Context(), "k").Val(); got != want {
			t.Errorf("base+%d: k is %q, not %q", offset, got, want)
		}
	}
}

// A time that cannot be reached is refused, with the times that can; nothing is written.
func TestRecoverToATimeOutside(t *testing.T) {
	t.Parallel()
	dir, base := split(t)
	at := func(offset int64) string { return "@" + strconv.FormatInt(base+offset, 10) }
	empty := t.TempDir()
	for name, c := range map[string]struct {
		source, time string
		code         int
		says         string
	}{
		"before the base":       {dir, at(-3600), 3, "before the append-only file begins: times from "},
		"after the last change": {dir, at(41), 3, "after the last change: times from "},
		"no time":               {dir, "half past never", 2, "is not a time; write it as"},
		"no append-only file":   {empty, at(10), 1, "has no append-only file"},
	} {
		target := filepath.Join(t.TempDir(), "recovered")
		said, code := recoverTo(t, c.source, c.time, target)
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit code %d, not %d: %s", name, code, c.code, said)
		}
		if left, _ := filepath.Glob(target + "*"); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	if said, code := recoverTo(t, dir, at(10), empty); code != 2 || !strings.Contains(said, "exists already") {
		t.Errorf("a target that exists: exit code %d: %s", code, said)
	}
	said, code := recoverTo(t, dir)
	if code != 0 || !strings.Contains(said, fmt.Sprintf("(@%d)", base+40)) {
		t.Errorf("the range: exit code %d: %s", code, said)
	}
	if err := os.Truncate(filepath.Join(dir, "appendonlydir", "appendonly.aof.1.base.rdb"), 4); err != nil {
		t.Fatal(err)
	}
	if said, code := recoverTo(t, dir, at(10), filepath.Join(t.TempDir(), "recovered")); code != 1 || !strings.Contains(said, "damaged") {
		t.Errorf("a damaged base: exit code %d: %s", code, said)
	}
}
