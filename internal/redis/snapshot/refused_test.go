package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// newer is a source whose values have the form of a later Redis.
type newer struct{}

func (newer) Copy(_ context.Context, to backup.Sink) (backup.Source, error) {
	_, err := to.Begin(backup.Record{Key: []byte("auth:client:1"), Version: 200})
	if err == nil {
		_, err = to.Write([]byte("\x00\x01x"))
	}
	return backup.Source{Mode: "standalone", Redis: "99.0.0", Data: 1}, errors.Join(err, to.End())
}

// A restore that does not fit this installation is refused with the reason, before anything is changed.
func TestARestoreThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	source, server := redistest.Start(t, "repl-diskless-sync-delay 0"), redistest.Start(t)
	to := folder(t)
	source.Do(t, "set", "auth:issuer", "https://a.example")
	fill(t, source.Admin(t))
	good := create(t, standalone(t, source), to).Archive.Name
	m, err := backup.Create(t.Context(), backup.CreateOptions{Kind: backup.Auth, From: newer{}, To: to, Version: "1.0.0", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	db, admin := standalone(t, server), server.Admin(t)
	admin.Set(t.Context(), "auth:client:present", "live", 0)
	admin.Set(t.Context(), "auth:issuer", "https://a.example", 0)
	for name, c := range map[string]struct {
		change func(*backup.RestoreOptions)
		issuer string // that Redis has
		memory string // maxmemory
		want   string
	}{
		"another release":         {change: func(o *backup.RestoreOptions) { o.Version = "1.1.0" }, want: "oauth2d 1.0.0, and this is 1.1.0"},
		"accepting another one":   {change: func(o *backup.RestoreOptions) { o.Version, o.Accept = "2.0.0", "1.5.0" }, want: "--accept-version 1.0.0"},
		"a build without release": {change: func(o *backup.RestoreOptions) { o.Version = "1.0.0-rc.1" }, want: "another version"},
		"newer data":              {change: func(o *backup.RestoreOptions) { o.Data.Newest, o.Accept = 0, "1.0.0" }, want: "data version 1, and this release reads 0 to 0"},
		"older data":              {change: func(o *backup.RestoreOptions) { o.Data = backup.DataVersions{Oldest: 2, Newest: 3} }, want: "data version 1, and this release reads 2 to 3"},
		"another issuer":          {issuer: "https://b.example", want: "it is of the issuer https://a.example, and this installation is https://b.example"},
		"other settings":          {change: func(o *backup.RestoreOptions) { o.Issuer = "https://b.example" }, want: "the settings name https://b.example"},
		"a cluster":               {change: func(o *backup.RestoreOptions) { o.To = as{o.To, "cluster"} }, want: "it is of a Redis in standalone mode, and this one is in cluster mode"},
		"too little memory":       {memory: "2mb", want: "maxmemory of Redis is 2 MiB"},
		"an older Redis":          {change: func(o *backup.RestoreOptions) { o.Name = m.Archive.Name }, want: "is older than the Redis that the archive is of (form 200 of values)"},
		"another kind":            {change: func(o *backup.RestoreOptions) { o.Kind = backup.Cache }, want: "it is a backup of kind auth, and --kind is cache"},
		"a part that keeps":       {change: func(o *backup.RestoreOptions) { o.Part = backup.ClientsAndUsers }, want: "--keep-sign-ins restores everything"},
	} {
		if c.issuer != "" {
			admin.Set(t.Context(), "auth:issuer", c.issuer, 0)
		}
		if c.memory != "" {
			server.Do(t, "config", "set", "maxmemory", c.memory)
		}
		before := dump(t, admin)
		o := options(to, good, db)
		o.Issuer = c.issuer
		if c.change != nil {
			c.change(&o)
		}
		o.Confirm = func(backup.Plan) (bool, error) { t.Errorf("%s: asks whether to go on", name); return false, nil }
		plan, err := backup.Restore(t.Context(), o)
		if err == nil || plan.Done || !strings.Contains(err.Error(), c.want) || !backup.Refused(err) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		compare(t, before, dump(t, admin))
		server.Do(t, "config", "set", "maxmemory", "0")
		admin.Set(t.Context(), "auth:issuer", "https://a.example", 0)
	}
	for name, version := range map[string]string{"1.0.7": "", "2.0.0": "1.0.0"} { // a later patch, and another release on request
		o := options(to, good, db)
		o.Version, o.Accept = name, version
		if plan, err := backup.Restore(t.Context(), o); err != nil || !plan.Done {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Small records need more memory for their names than for their values. A restore that would end in the middle, because
// Redis is full, is refused.
func TestARestoreThatNeedsMoreMemoryIsRefused(t *testing.T) {
	t.Parallel()
	source, server := redistest.Start(t, "repl-diskless-sync-delay 0"), redistest.Start(t, "maxmemory 4mb")
	pipe := source.Admin(t).Pipeline()
	for i := range 20_000 {
		key := fmt.Sprintf("auth:access_token:%026d", i)
		pipe.HSet(t.Context(), key, "c", "load", "s", "load", "p", "read", "a", "https://api.example.com", "g", fmt.Sprintf("%026d", i))
		pipe.Expire(t.Context(), key, time.Hour)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	to := folder(t)
	m := create(t, standalone(t, source), to)
	if m.Bytes+m.Bytes/2 > 4<<20 {
		t.Fatalf("the values alone are %d bytes", m.Bytes)
	}
	_, err := backup.Restore(t.Context(), options(to, m.Archive.Name, standalone(t, server)))
	if err == nil || !backup.Refused(err) || !strings.Contains(err.Error(), "maxmemory of Redis is 4 MiB") {
		t.Error(err)
	}
	if n := server.Do(t, "dbsize"); n != int64(0) {
		t.Errorf("%v records were written", n)
	}
}

// as is a target in another mode.
type as struct {
	backup.Target

	mode string
}

func (a as) Describe(ctx context.Context) (backup.Installation, error) {
	i, err := a.Target.Describe(ctx)
	i.Mode = a.mode
	return i, err
}

// A restore whose epoch cannot be raised has written no record, and says so. One that fails later says that the
// installation is a mixture, and completes when it is repeated.
func TestARestoreThatStopsCanBeRepeated(t *testing.T) {
	t.Parallel()
	source, server := redistest.Start(t, "repl-diskless-sync-delay 0"), redistest.Start(t)
	to := folder(t)
	fill(t, source.Admin(t))
	good := create(t, standalone(t, source), to).Archive.Name
	db, admin := standalone(t, server), server.Admin(t)
	admin.Set(t.Context(), "auth:client:present", "live", 0)
	before := dump(t, admin)
	o := options(to, good, db)
	o.KeepSignIns, o.Raise = false, func(context.Context, time.Time) error { return errors.New("no rights") }
	if _, err := backup.Restore(t.Context(), o); err == nil || !strings.Contains(err.Error(), "nothing was restored") {
		t.Error(err)
	}
	compare(t, before, dump(t, admin))

	server.Do(t, "config", "set", "maxmemory", "20mb")
	fillers := strings.Repeat("x", 1<<20)
	for i := range 16 { // of others
		admin.Set(t.Context(), "other:"+string(rune('a'+i)), fillers, 0)
	}
	o = options(to, good, db)
	_, err := backup.Restore(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "mixture") || !strings.Contains(err.Error(), "OOM") {
		t.Error(err)
	}
	t.Log(err)
	server.Do(t, "config", "set", "maxmemory", "0")
	if plan, err := backup.Restore(t.Context(), options(to, good, db)); err != nil || !plan.Done {
		t.Fatal(err)
	}
	for i := range 16 {
		server.Do(t, "del", "other:"+string(rune('a'+i)))
	}
	compare(t, without(dump(t, source.Admin(t))), without(dump(t, admin)))
}
