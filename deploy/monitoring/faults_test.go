//go:build monitoring

package monitoring_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// limit is the longest time from a fault to its message, and from its end to the message about that.
const limit = time.Minute

// fault is something that goes wrong, and the alert that must say so.
type fault struct {
	name, alert, receiver string
	begin                 func(*testing.T)
	end                   func(*testing.T)
}

// faults returns them in their order: those that restart Redis come last.
func (c *chain) faults() []fault {
	nothing := func(*testing.T) {} // the counter falls out of the window by itself
	return []fault{
		{"a code is redeemed twice", "OAuth2dCodeReplayed", "operators", c.replayCode, nothing},
		{"a spent refresh token is presented", "OAuth2dRefreshTokenReused", "operators", c.reuseRefreshToken, nothing},
		{"passwords are guessed", "OAuth2dLockedOut", "operators", c.guess, nothing},
		{"many callers introspect one token", "OAuth2dTokenShared", "operators", c.share, nothing},
		{"the cache is filled", "OAuth2dCacheEvicting", "operators", c.fillCache, nothing},
		{"a backup is skipped", "OAuth2dBackupOld", "operators", func(t *testing.T) { c.recordBackup(t, 27*time.Hour) }, func(t *testing.T) { c.recordBackup(t, time.Minute) }},
		{"a signing key is 40 days old", "OAuth2dKeyRotationStalled", "operators", c.ageKey, c.rotateKey},
		{"Redis is full", "OAuth2dRedisMemoryFull", "pager", func(t *testing.T) { c.limitMemory(t, "1mb") }, func(t *testing.T) { c.limitMemory(t, "256mb") }},
		{"a daemon is stopped", "OAuth2dDaemonDown", "operators", func(*testing.T) { c.stopSecond() }, c.startSecond},
		{"a Redis node is killed", "OAuth2dRedisNodeDown", "operators", func(t *testing.T) { c.killRedis(t, c.replica(t)) }, c.startRedis},
		{"all Redis nodes are killed", "OAuth2dRedisMasterDown", "pager", func(t *testing.T) { c.killRedis(t, "redis1", "redis2", "redis3") }, c.startRedis},
		{"a majority of the Sentinels is killed", "OAuth2dSentinelQuorumLost", "pager", func(t *testing.T) { c.killRedis(t, "sentinel1", "sentinel2") }, c.startRedis},
	}
}

// TestMonitoring breaks things one after another, and then asks every query of dashboards and alerts.
func TestMonitoring(t *testing.T) {
	c := newChain(t)
	c.register(t)
	work := c.start(t)
	eventually(t, time.Minute, "the watchdog arrives", func() bool { return c.hook.firing("OAuth2dWatchdog") })
	began := time.Now()
	fired, resolved := 0, 0
	for _, f := range c.faults() {
		ok := t.Run(f.name, func(t *testing.T) {
			eventually(t, limit, f.alert+" is silent before", func() bool { return !c.hook.firing(f.alert) })
			at := time.Now()
			f.begin(t)
			eventually(t, limit, f.alert+" fires", func() bool { m, known := c.hook.last(f.alert, at); return known && m.firing })
			m, _ := c.hook.last(f.alert, at)
			after := m.at.Sub(at)
			if m.receiver != f.receiver {
				t.Errorf("the message went to %q, want %q", m.receiver, f.receiver)
			}
			if !strings.HasSuffix(m.runbook, "docs/runbooks.md#"+strings.ToLower(f.alert)) || m.description == "" {
				t.Errorf("the message links to %q and says %q", m.runbook, m.description)
			}
			fired++
			at = time.Now()
			f.end(t)
			eventually(t, limit, f.alert+" is resolved", func() bool { m, known := c.hook.last(f.alert, at); return known && !m.firing })
			last, _ := c.hook.last(f.alert, at)
			resolved++
			t.Logf("%s fired after %.1f s (%s, %s), and was resolved %.1f s after the end began",
				f.alert, after.Seconds(), m.severity, m.receiver, last.at.Sub(at).Seconds())
		})
		if !ok && t.Context().Err() != nil {
			return
		}
	}
	work.mu.Lock()
	t.Logf("%d of %d faults fired their alert, %d were resolved, in %.0f s; the load: %d rounds, %d of them failed under a fault (last: %.100s)",
		fired, len(c.faults()), resolved, time.Since(began).Seconds(), work.done, work.failed, work.last)
	work.mu.Unlock()
	t.Run("every query returns data", c.everyQuery)
}

func (c *chain) replayCode(t *testing.T) {
	web := c.clients["web"]
	code := web.Code(t, c.person(t, "grace"), nil)
	web.Redeem(t, code)
	if answer := web.Redeem(t, code); answer.Text("error") != "invalid_grant" {
		t.Fatalf("a second redemption: %d %s", answer.Status, answer.Raw)
	}
}

func (c *chain) reuseRefreshToken(t *testing.T) {
	web := c.clients["web"]
	first := web.Login(t, c.person(t, "grace")).Text("refresh_token")
	second := web.Refresh(t, first).Text("refresh_token")
	web.Refresh(t, second)
	if answer := web.Refresh(t, first); answer.Text("error") != "invalid_grant" {
		t.Fatalf("a spent refresh token: %d %s", answer.Status, answer.Raw)
	}
}

// guess tries passwords until the name is locked.
func (c *chain) guess(t *testing.T) {
	thief := c.person(t, "victim")
	thief.Password = "a guess at the password"
	page := thief.Follow(t, c.clients["web"].AuthorizeURL(nil))
	for range 11 {
		page = thief.Submit(t, page, map[string]string{"username": "victim", "password": thief.Password})
	}
}

// share lets three callers introspect one token.
func (c *chain) share(t *testing.T) {
	token := c.machineToken(t, 0, "web")
	for _, id := range []string{"first", "second", "web"} {
		c.clients[id].Introspect(t, token)
	}
	// A revoked token that is used shows in the same dashboard.
	c.clients["web"].Revoke(t, token)
	c.clients["first"].Introspect(t, token)
}

// fillCache writes twice what the cache can hold, over some seconds.
func (c *chain) fillCache(t *testing.T) {
	big := strings.Repeat("x", 8<<10)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := 0; ctx.Err() == nil && !c.hook.firing("OAuth2dCacheEvicting"); i++ {
		if err := c.cache.Set(ctx, "cache:recipes:big:"+strconv.Itoa(i), big, time.Hour).Err(); err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// recordBackup makes the last backups so old.
func (c *chain) recordBackup(t *testing.T, age time.Duration) {
	for _, kind := range []string{"auth", "cache"} {
		if err := c.master(t).HSet(t.Context(), "auth:backup:"+kind, "at", time.Now().Add(-age).UnixMilli(), "size", 1000).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// ageKey moves the time at which the signing key became active 40 days back. The record is sealed with the master key.
func (c *chain) ageKey(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(c.local, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := secret.NewSealer(master)
	if err != nil {
		t.Fatal(err)
	}
	db := c.master(t)
	ring, err := db.HGetAll(t.Context(), "auth:keys").Result()
	if err != nil {
		t.Fatal(err)
	}
	aged := 0
	for field, box := range ring {
		id := strings.TrimPrefix(field, "key:")
		plain, err := sealer.Open("key ring "+id, []byte(box))
		if err != nil {
			continue // the version of the ring
		}
		var record map[string]any
		if err := json.Unmarshal(plain, &record); err != nil {
			t.Fatal(err)
		}
		if record["use"] != "sign" {
			continue
		}
		record["active"] = time.Now().Add(-40 * 24 * time.Hour).UTC()
		if plain, err = json.Marshal(record); err != nil {
			t.Fatal(err)
		}
		if err := db.HSet(t.Context(), "auth:keys", field, sealer.Seal("key ring "+id, plain)).Err(); err != nil {
			t.Fatal(err)
		}
		aged++
	}
	if err := db.HIncrBy(t.Context(), "auth:keys", "version", 1).Err(); err != nil || aged == 0 {
		t.Fatal(aged, err)
	}
}

func (c *chain) rotateKey(t *testing.T) {
	c.script(t, "cli", nil, "--local", "--", "key", "rotate", "--direct")
}

// limitMemory sets how much the master may hold. Below what it holds it refuses every change.
func (c *chain) limitMemory(t *testing.T, most string) {
	if err := c.master(t).ConfigSet(t.Context(), "maxmemory", most).Err(); err != nil {
		t.Fatal(err)
	}
}

// replica returns the name of a node that is not the master.
func (c *chain) replica(t *testing.T) string {
	master := c.script(t, "cli", nil, "--local", "--", "redis", "master")
	for _, setting := range c.environ {
		ports, found := strings.CutPrefix(setting, "HA_REDIS_PORTS=")
		if !found {
			continue
		}
		for i, port := range strings.Fields(ports) {
			if !strings.HasSuffix(master, ":"+port) {
				return fmt.Sprintf("redis%d", i+1)
			}
		}
	}
	t.Fatal("no replica beside " + master)
	return ""
}

// startRedis starts what was killed again, and waits until both daemons serve.
func (c *chain) startRedis(t *testing.T) {
	c.script(t, "start", nil, "--local")
	eventually(t, limit, "a token", func() bool {
		token := ""
		func() {
			defer func() { _ = recover() }()
			token = c.machineToken(quiet{t, t.Context()}, 0, "web")
		}()
		return token != ""
	})
}
