//go:build backup

// Package backup_test takes backups of a real Sentinel group under load, breaks what can break, and brings the data back:
// make test-backup builds the program first.
package backup_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

func TestBackup(t *testing.T) {
	l := newLab(t)
	l.secret = "a secret that is long enough"
	secret := l.file(t, "secret", l.secret)
	l.must(t, "app", "client", "create", "load", "--direct", "--grant", "client_credentials", "--scope", "read", "--introspection", "any", "--secret-file", secret)
	l.must(t, "app", "user", "create", "ada", "--direct", "--password-file", l.file(t, "password", "correct horse battery staple 7"))
	l.start(t)
	s := &scene{lab: l, cloud: startCloud(t), first: l.folder(t, "first"), phrase: filepath.Join(l.work, "passphrase")}
	t.Run("under load, to two destinations", s.underLoad)
	t.Run("wiped and restored, key by key", s.wiped)
	t.Run("bad archives change nothing", s.badArchives)
	t.Run("a bucket that fails in the middle", s.failingBucket)
	t.Run("two backups at once", s.twoAtOnce)
	t.Run("a disk that fills", s.fullDisk)
	t.Run("list and prune", s.pruned)
	t.Run("a point in time", s.pointInTime)
}

// scene holds the parts that the tests share.
type scene struct {
	*lab
	cloud  *cloud
	first  string // the folder of the archives
	phrase string
}

func (s *scene) create(to string, more ...string) []string {
	return append([]string{"backup", "create", "--to", to, "--passphrase-file", s.phrase, "-o", "json"}, more...)
}

func (s *scene) restore(from, archive string, more ...string) []string {
	return append([]string{"backup", "restore", archive, "--from", from, "--passphrase-file", s.phrase}, more...)
}

// A backup under load fails no request, has every token that was acknowledged before it began, and is the same in both
// destinations. Every daemon shows its time.
func (s *scene) underLoad(t *testing.T) {
	w := s.load()
	redistest.Eventually(t, patience, "a thousand tokens", func() bool { return w.issued.Load() > 1000 })
	before := tokens(contents(t, s.master(t)))
	issued := w.issued.Load()
	made := s.must(t, "backup", s.create(s.first, "--second", s.cloud.at("second"))...)
	during := w.issued.Load() - issued
	w.end()
	if w.failed.Load() > 0 || during == 0 {
		t.Errorf("%d requests failed, %d tokens were issued during the backup: %v", w.failed.Load(), during, w.first.Load())
	}
	m := manifest(t, made.out)
	t.Logf("%d records in %v, %d tokens issued meanwhile, no request failed, slowest answer of the whole load %v", m.Keys, made.took.Round(time.Millisecond),
		during, time.Duration(w.slow.Load()).Round(time.Millisecond))

	empty := redistest.Start(t)
	for _, from := range []string{s.first, s.cloud.at("second")} {
		empty.Do(t, "FLUSHALL")
		r := s.run(t, s.alone(empty.Addr), s.restore(from, m.Archive.Name, "--yes")...)
		if r.code != 0 {
			t.Fatalf("restoring from %s: %s", from, r.err)
		}
		got := contents(t, empty.Admin(t))
		missing := 0
		for key, value := range before {
			if got[key] != value {
				missing++
			}
		}
		if missing > 0 || len(before) == 0 {
			t.Errorf("%s: %d of %d tokens from before the backup are missing or differ", from, missing, len(before))
		}
		t.Logf("%s: all of %d tokens from before the backup are back in an empty Redis", strings.SplitN(from, "?", 2)[0], len(before))
	}
	record := s.master(t).HGetAll(t.Context(), "auth:backup:auth").Val()
	if at, _ := strconv.ParseInt(record["at"], 10, 64); time.Since(time.UnixMilli(at)) > patience || record["size"] == "0" {
		t.Errorf("the record of the last backup is %v", record)
	}
}

// alone returns the environment of a command on a standalone Redis without TLS.
func (l *lab) alone(addr string) []string {
	return append(slices.Clone(l.env), "OAUTH2D_REDIS_MODE=standalone", "OAUTH2D_REDIS_ADDRS="+addr)
}

func tokens(all map[string]string) map[string]string {
	maps.DeleteFunc(all, func(key, _ string) bool { return !strings.HasPrefix(key, "auth:access_token:") })
	return all
}

type manifestView struct {
	Keys    int64
	Archive struct{ Name string }
}

func manifest(t *testing.T, text string) (m manifestView) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Archive.Name == "" {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}

// ours matches the keys that belong to the running installation, or change by themselves.
var ours = regexp.MustCompile(`^auth:(history|fence|epoch|beat|lease|restore|backup|audit|revoked|rate_limit|replay|data_version|clients:version|\{clients\}:version|issuer|cleanup)`)

// compare reports the keys that differ, apart from those of the installation.
func compare(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	var differ []string
	for key := range want {
		if !ours.MatchString(key) && got[key] != want[key] {
			differ = append(differ, key)
		}
	}
	for key := range got {
		if _, known := want[key]; !known && !ours.MatchString(key) {
			differ = append(differ, key+" (new)")
		}
	}
	if len(differ) > 0 {
		t.Errorf("%s: %d of %d keys differ: %v", what, len(differ), len(want), differ[:min(5, len(differ))])
		return
	}
	t.Logf("%s: %d keys, each with the same value and expiry", what, len(want))
}

// Everything is deleted and comes back, key by key; what was issued before stays void.
func (s *scene) wiped(t *testing.T) {
	old, err := s.token()
	if err != nil {
		t.Fatal(err)
	}
	s.must(t, "backup", s.create(s.first)...)
	s.stop()
	db := s.master(t)
	want := contents(t, db)
	if err := db.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	s.must(t, "admin", s.restore(s.first, "latest", "--yes")...)
	compare(t, "after the restore", contents(t, db), want)
	s.start(t)
	if _, err := s.token(); err != nil {
		t.Errorf("the client of the backup gets no token: %v", err)
	}
	if s.active(t, old) {
		t.Error("a token from before the restore is active")
	}
}

// A damaged, truncated, foreign or newer archive, and one with another key, are refused with a reason, and nothing changes.
func (s *scene) badArchives(t *testing.T) {
	s.stop() // nothing else changes
	defer s.start(t)
	db, dir := s.master(t), s.folder(t, "bad")
	made := manifest(t, s.must(t, "backup", s.create(dir)...).out)
	good, err := os.ReadFile(filepath.Join(dir, made.Archive.Name))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, content []byte) string {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	want := contents(t, db)
	s.refused(t, "admin", 4, "damaged", s.restore(dir, put("flipped.oauth2d", flipped), "--yes")...)
	s.refused(t, "admin", 4, "damaged or cut short", s.restore(dir, put("cut.oauth2d", good[:len(good)*2/3]), "--yes")...)
	s.refused(t, "admin", 4, "damaged or cut short", s.restore(dir, put("short.oauth2d", good[:len(good)-1]), "--yes")...)
	s.refused(t, "admin", 4, "not a backup", s.restore(dir, put("foreign.oauth2d", bytes.Repeat([]byte("REDIS0009"), 100)), "--yes")...)
	s.refused(t, "admin", 4, "", s.restore(dir, put("empty.oauth2d", nil), "--yes")...)
	s.refused(t, "admin", 3, "has no archive", s.restore(dir, "auth-none.oauth2d", "--yes")...)
	s.refused(t, "admin", 4, "another key or with another passphrase",
		"backup", "restore", made.Archive.Name, "--from", dir, "--yes", "--passphrase-file", s.file(t, "other", "a passphrase of somebody else"))
	s.refused(t, "admin", 4, "the installation is not empty", s.restore(dir, made.Archive.Name)...)
	compare(t, "after the refusals", contents(t, db), want)
}

// A connection that breaks in the middle is taken up again; a bucket that refuses ends the backup with a sentence, and shows
// no object. What is in the first destination stays there when the second fails.
func (s *scene) failingBucket(t *testing.T) {
	defer s.cloud.fail(nil)
	s.cloud.cut(3)
	begin := time.Now()
	s.must(t, "backup", s.create(s.cloud.at("cut"))...)
	s.cloud.fail(nil)
	s.must(t, "backup", "backup", "verify", "latest", "--from", s.cloud.at("cut"), "--passphrase-file", s.phrase)
	t.Logf("three broken connections cost %v; the archive is whole", time.Since(begin).Round(time.Millisecond))

	s.cloud.deny()
	s.refused(t, "backup", 1, "do not allow it", s.create(s.cloud.at("denied"))...)
	dir := s.folder(t, "kept")
	s.refused(t, "backup", 1, "is complete in", s.create(dir, "--second", s.cloud.at("denied"))...)
	s.cloud.fail(nil)
	if out := s.must(t, "backup", "backup", "list", "--from", s.cloud.at("denied"), "-o", "json").out; strings.Contains(out, "archive") {
		t.Errorf("a bucket that refused has %s", out)
	}
	s.must(t, "backup", "backup", "verify", "latest", "--from", dir, "--passphrase-file", s.phrase)
	s.refused(t, "backup", 1, "create it first", s.create(strings.Replace(s.cloud.at("x"), "backups", "nowhere", 1))...)
}

func (s *scene) twoAtOnce(t *testing.T) {
	dir := s.folder(t, "two")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if r := s.run(t, s.as("backup"), s.create(dir)...); r.code != 0 {
				t.Errorf("exit code %d: %s", r.code, r.err)
			}
		})
	}
	both.Wait()
	archives, _ := filepath.Glob(filepath.Join(dir, "*.oauth2d"))
	for _, one := range archives {
		s.must(t, "backup", "backup", "verify", filepath.Base(one), "--from", dir, "--passphrase-file", s.phrase)
	}
	if len(archives) != 2 {
		t.Errorf("two backups at once made %v", archives)
	}
}

// A full disk ends the backup with a sentence, and keeps nothing of it.
func (s *scene) fullDisk(t *testing.T) {
	dir := s.folder(t, "full")
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk needs root: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() }) //nolint:noctx // the test's context has ended
	s.refused(t, "backup", 1, "is full", s.create(dir)...)
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v: %v", left, err)
	}
	r := s.run(t, append(s.as("backup"), "TMPDIR="+dir), s.create(s.cloud.at("spool"))...)
	if r.code != 1 || !strings.Contains(r.err, "set TMPDIR") {
		t.Errorf("a full temporary folder: exit code %d: %s", r.code, r.err)
	}
	t.Logf("exit code %d: %s", r.code, strings.TrimSpace(r.err))
}

// The newest whole archive stays, whatever the retention.
func (s *scene) pruned(t *testing.T) {
	where := s.cloud.at("pruned")
	for range 3 {
		s.must(t, "backup", s.create(where)...)
	}
	s.must(t, "backup", s.create(where, "--keep", "2")...)
	var left []manifestView
	if err := json.Unmarshal([]byte(s.must(t, "backup", "backup", "list", "--from", where, "-o", "json").out), &left); err != nil || len(left) != 2 {
		t.Errorf("%d archives are left, not 2: %v", len(left), err)
	}
	s.must(t, "backup", "backup", "prune", "--from", where, "--keep", "1", "--yes")
	if out := s.must(t, "backup", "backup", "list", "--from", where).out; strings.Count(out, ".oauth2d") != 1 {
		t.Errorf("after keeping one: %s", out)
	}
}

// The append-only file of the master is cut at a second; what Redis has then goes into an archive, and from there into the
// running installation.
func (s *scene) pointInTime(t *testing.T) {
	s.stop()
	defer s.start(t)
	db := s.master(t)
	nextSecond()
	at := db.Time(t.Context()).Val()
	want := contents(t, db)
	nextSecond()
	s.must(t, "app", "client", "delete", "load", "--direct", "--yes") // the accident
	s.must(t, "app", "user", "create", "eve", "--direct", "--password-file", s.file(t, "password", "correct horse battery staple 7"))

	target := filepath.Join(s.work, "recovered")
	source := s.dataFolder(t, db)
	script := func(when, into string) (string, int) {
		cmd := exec.CommandContext(t.Context(), "../redis/bin/recover-to.sh", source, when, into)
		out, _ := cmd.CombinedOutput() // the exit code is looked at
		return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
	}
	for _, outside := range []string{"@1", "@" + strconv.FormatInt(at.Unix()+86400, 10)} {
		said, code := script(outside, target)
		if code != 3 || !strings.Contains(said, "can be chosen") {
			t.Errorf("a time outside: exit code %d: %s", code, said)
		}
		t.Logf("exit code %d: %s", code, said)
	}
	if said, code := script("@"+strconv.FormatInt(at.Unix(), 10), target); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	past := redistest.Start(t, "dir "+target, "appendonly yes", "hash-max-listpack-value 512") // as redis.conf has it
	compare(t, "the recovered data", contents(t, past.Admin(t)), want)
	dir := s.folder(t, "past")
	if r := s.run(t, s.alone(past.Addr), s.create(dir)...); r.code != 0 {
		t.Fatalf("a backup of the recovered data: %s", r.err)
	}
	s.must(t, "admin", s.restore(dir, "latest", "--yes")...)
	compare(t, "the installation, brought back to that second", contents(t, db), want)
}

// dataFolder returns the folder of a node.
func (s *scene) dataFolder(t *testing.T, db *redis.Client) string {
	t.Helper()
	return db.ConfigGet(t.Context(), "dir").Val()["dir"]
}

func nextSecond() {
	now := time.Now()
	time.Sleep(now.Truncate(time.Second).Add(1100 * time.Millisecond).Sub(now))
}

// A million tokens: how long a backup and a restore take, and how much memory they need at most.
func TestMillionTokens(t *testing.T) {
	const count, most = 1_000_000, 100 << 10 // KiB
	l := newLab(t)
	source, target := redistest.Start(t), redistest.Start(t)
	secret := l.file(t, "secret", "a secret that is long enough")
	if r := l.run(t, l.alone(source.Addr), "client", "create", "load", "--direct", "--grant", "client_credentials", "--secret-file", secret); r.code != 0 {
		t.Fatal(r.err)
	}
	db := source.Admin(t)
	now := time.Now()
	for from := 0; from < count; from += 10_000 {
		p := db.Pipeline()
		for i := from; i < from+10_000; i++ {
			key := fmt.Sprintf("auth:access_token:%026d", i)
			p.HSet(t.Context(), key, "c", "load", "s", "load", "p", "read", "i", now.Unix(), "e", now.Unix()+86400, "a", "https://api.example.com", "g", fmt.Sprintf("%026d", i*7))
			p.ExpireAt(t.Context(), key, now.Add(24*time.Hour))
		}
		if _, err := p.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// A passphrase would cost 64 MiB more, for the derivation of its key.
	identity, cloud, dir := filepath.Join(l.work, "identity"), startCloud(t), l.folder(t, "million")
	made := l.run(t, l.alone(source.Addr), "backup", "keygen", identity)
	to, from := "--recipient="+strings.TrimSpace(made.out), "--identity-file="+identity
	measure := func(what, addr string, words ...string) result {
		r := l.run(t, l.alone(addr), words...)
		if r.code != 0 {
			t.Fatalf("%s: exit code %d: %s", what, r.code, r.err)
		}
		t.Logf("%-28s %7.1f s, peak %3d MiB", what, r.took.Seconds(), r.peak>>10)
		if r.peak > most {
			t.Errorf("%s: the peak is above %d MiB", what, most>>10)
		}
		return r
	}
	m := manifest(t, measure("create, to a folder", source.Addr, "backup", "create", "--to", dir, to, "-o", "json").out)
	if m.Keys < count {
		t.Errorf("the archive has %d records", m.Keys)
	}
	info, err := os.Stat(filepath.Join(dir, m.Archive.Name))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records, archive of %.1f MiB", m.Keys, float64(info.Size())/(1<<20))
	measure("create, to a bucket", source.Addr, "backup", "create", "--to", cloud.at("million"), to)
	measure("verify", source.Addr, "backup", "verify", "latest", "--from", dir, from)
	measure("restore, into an empty Redis", target.Addr, "backup", "restore", "latest", "--from", dir, from, "--yes")
	if got := target.Admin(t).DBSize(t.Context()).Val(); got < count {
		t.Errorf("%d keys are back", got)
	}
}
