package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// rights are the ACL users that the repository ships.
func rights(t *testing.T) []string {
	t.Helper()
	return append(redistest.Users(t, "../../deploy/redis/users.acl"), "repl-diskless-sync-delay 0", "hash-max-listpack-value 512")
}

// archives is a folder of archives, with the passphrase of all of them and other files.
type archives struct{ dir, phrase string }

func newArchives(t *testing.T) archives {
	t.Helper()
	a := archives{dir: t.TempDir()}
	a.phrase = a.file(t, "passphrase", "a passphrase of some length")
	return a
}

func (a archives) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (a archives) create(more ...string) []string {
	return append([]string{"backup", "create", "--to", a.dir, "--passphrase-file", a.phrase, "-o", "json"}, more...)
}

func (a archives) restore(more ...string) []string {
	return append([]string{"backup", "restore", "latest", "--from", a.dir, "--passphrase-file", a.phrase, "-o", "json"}, more...)
}

// user returns the site as one of the ACL users.
func (s site) user(name string) site {
	return append(slices.Clone(s), "OAUTH2D_REDIS_USERNAME="+name, "OAUTH2D_REDIS_PASSWORD="+name)
}

func fromJSON[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// restored is the output of a restore.
type restored struct {
	Done    bool
	Changes []backup.Change
	People  int64 `json:"must_sign_in_again"`
}

// contents returns every key of some servers with its value and its expiry.
func contents(t *testing.T, servers ...*redistest.Server) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, server := range servers {
		db := server.Admin(t)
		for _, key := range db.Keys(t.Context(), "*").Val() {
			all[key] = fmt.Sprint(content(t.Context(), db, key), " until ", db.PExpireTime(t.Context(), key).Val())
		}
	}
	return all
}

// content returns a value in a form that does not depend on the server.
func content(ctx context.Context, db *redis.Client, key string) any {
	switch db.Type(ctx, key).Val() {
	case "hash":
		return db.HGetAll(ctx, key).Val()
	case "set":
		return slices.Sorted(slices.Values(db.SMembers(ctx, key).Val()))
	}
	return db.Dump(ctx, key).Val()
}

// own matches the keys that belong to the running installation.
var own = regexp.MustCompile(`^auth:\{?(history|fence|epoch|beat|lease|restore|backup|audit|revoked|clients\}?:version|cleanup)`)

func sameRecords(t *testing.T, got, want map[string]string) {
	t.Helper()
	bare := func(all map[string]string) map[string]string {
		all = maps.Clone(all)
		maps.DeleteFunc(all, func(key, _ string) bool { return own.MatchString(key) })
		return all
	}
	got, want = bare(got), bare(want)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %.100s, want %.100s", key, got[key], value)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("new: %v", slices.Sorted(maps.Keys(got)))
	}
	t.Logf("%d records are the same", len(want))
}

// A cluster is backed up with the rights of the user backup, and brought back by the user admin, each record to the master
// that has its slot. The user backup cannot restore.
func TestBackupOfACluster(t *testing.T) {
	t.Parallel()
	nodes, a := redistest.StartCluster(t, rights(t)...), newArchives(t)
	s := site{
		"OAUTH2D_REDIS_MODE=cluster", "OAUTH2D_REDIS_ADDRS=" + strings.Join(nodes.Addrs[:3], ","), "OAUTH2D_REDIS_TIMEOUT=10s",
		"OAUTH2D_MASTER_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "OAUTH2D_ISSUER=https://auth.example.com",
	}
	secret, password := a.file(t, "secret", "a secret that is long enough"), a.file(t, "password", "correct horse battery staple 7")
	for i := range 5 {
		works(t, s.user("app"), "client", "create", fmt.Sprint("planner", i), "--direct", "--grant", "client_credentials", "--secret-file", secret)
		works(t, s.user("app"), "user", "create", fmt.Sprint("ada", i), "--direct", "--password-file", password)
	}
	for _, node := range nodes.Nodes { // a young cluster does not show its replicas yet
		admin := node.Admin(t)
		redistest.Eventually(t, 20*time.Second, "every replica is shown", func() bool {
			slots, err := admin.ClusterSlots(t.Context()).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS shows them earlier
			return err == nil && !slices.ContainsFunc(slots, func(one redis.ClusterSlot) bool { return len(one.Nodes) != 2 })
		})
	}
	masters := nodes.Nodes[:3]
	want := contents(t, masters...)
	out, _ := works(t, s.user("backup"), a.create()...)
	m := fromJSON[backup.Manifest](t, out)
	if m.Source.Mode != "cluster" || len(m.Source.Servers) != 3 || m.Records["auth:client"] != 5 || m.Source.Issuer != "https://auth.example.com" {
		t.Errorf("the manifest is %+v", m)
	}
	for _, server := range m.Source.Servers {
		if slices.Contains(nodes.Addrs[:3], server) {
			t.Errorf("the master %s was asked, although its replica is connected", server)
		}
	}
	for _, server := range nodes.Nodes {
		if refused := fmt.Sprint(server.Do(t, "acl", "log")); strings.Contains(refused, "username backup") {
			t.Errorf("%s refused the user: %s", server.Addr, refused)
		}
	}
	for i := range 5 {
		works(t, s.user("app"), "client", "delete", fmt.Sprint("planner", i), "--direct", "--yes")
		works(t, s.user("app"), "client", "create", fmt.Sprint("later", i), "--direct", "--grant", "client_credentials", "--secret-file", secret)
	}
	before := contents(t, masters...)
	if code, _, messages := terminal(t, s.user("backup"), a.restore("--yes")...); code == 0 || !strings.Contains(messages, "admin") {
		t.Errorf("a restore as the user backup: code %d: %s", code, messages)
	}
	sameRecords(t, contents(t, masters...), before)
	out, _ = works(t, s.user("admin"), a.restore("--yes")...)
	if r := fromJSON[restored](t, out); !r.Done {
		t.Errorf("%+v", r)
	}
	sameRecords(t, contents(t, masters...), want)
	alone := redistest.Start(t)
	if code, _, messages := terminal(t, s, a.restore("--into", alone.Addr)...); code != 4 || !strings.Contains(messages, "it is of a Redis in cluster mode, and this one is in standalone mode") {
		t.Errorf("a restore of a cluster into one server: code %d: %s", code, messages)
	}
	for _, server := range masters {
		server.Do(t, "flushall")
	}
	works(t, s.user("admin"), a.restore("--yes")...)
	sameRecords(t, contents(t, masters...), want)
	if out, _ := works(t, s.user("app"), "client", "list", "--direct"); strings.Count(out, "planner") != 5 || strings.Contains(out, "later") {
		t.Errorf("the clients are %s", out)
	}
}

// A group goes on while a backup is taken and restored: a replica sends the snapshot, the Sentinels do not take the reader
// for a replica, the master stays the master, and strict durability finds no change lost. What was issued before is void,
// also a token that was revoked after the backup, and people sign in again.
func TestBackupOfARunningGroup(t *testing.T) {
	t.Parallel()
	group, a := redistest.StartGroup(t, append(rights(t), "appendonly yes")...), newArchives(t)
	listen := "127.0.0.1:" + redistest.FreePort(t)
	d := testkit.Start(t, func(c *config.Config) {
		c.Redis.Mode, c.Redis.Addrs, c.Redis.MasterName, c.Redis.Durability = "sentinel", group.Addrs, redistest.MasterName, "strict"
		c.Redis.Username, c.Redis.Password = "app", "app"
		c.Redis.ReadLease = 5 * time.Second
		c.Issuer, c.Server.Listen = "http://"+listen, listen
		c.MasterKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	})
	s := site{
		"OAUTH2D_REDIS_MODE=sentinel", "OAUTH2D_REDIS_ADDRS=" + strings.Join(group.Addrs, ","), "OAUTH2D_REDIS_MASTER_NAME=" + redistest.MasterName,
		"OAUTH2D_REDIS_TIMEOUT=10s", "OAUTH2D_REDIS_DIAL_TIMEOUT=5s", "OAUTH2D_MASTER_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "OAUTH2D_ISSUER=" + d.Base,
	}
	demo, person := d.Demo(), testkit.NewPerson(t)
	revoked, kept := demo.Login(t, person), demo.Login(t, person)
	ada := newPersonIn(t, d, "ada")
	out, _ := works(t, s.user("backup"), a.create()...)
	m := fromJSON[backup.Manifest](t, out)
	if len(m.Source.Servers) != 1 || m.Source.Servers[0] == group.Nodes[0].Addr {
		t.Errorf("%v sent the snapshot, and the master is %s", m.Source.Servers, group.Nodes[0].Addr)
	}
	demo.Revoke(t, revoked.Text("refresh_token"))
	demo.Revoke(t, revoked.Text("access_token"))
	grace := newPersonIn(t, d, "grace")

	out, _ = works(t, s.user("admin"), a.restore("--dry-run")...)
	if r := fromJSON[restored](t, out); r.Done || r.People != 3 {
		t.Errorf("a dry run: %+v", r)
	}
	if !demo.Active(t, kept.Text("access_token")) {
		t.Error("a dry run ended a token")
	}
	out, _ = works(t, s.user("admin"), a.restore("--yes")...)
	if r := fromJSON[restored](t, out); !r.Done || r.People != 3 { // demo and ada at the time of the backup, and grace
		t.Errorf("%d people must sign in again, not 3: %+v", r.People, r)
	}
	for name, answer := range map[string]testkit.Answer{"revoked since": revoked, "from before": kept, "of ada": ada, "from after the backup": grace} {
		if demo.Active(t, answer.Text("access_token")) {
			t.Errorf("the access token %s is active", name)
		}
		if next := demo.Refresh(t, answer.Text("refresh_token")); next.Status != http.StatusBadRequest || next.Text("error") != "invalid_grant" {
			t.Errorf("the refresh token %s: %d %s", name, next.Status, next.Raw)
		}
	}
	if page := person.Follow(t, demo.AuthorizeURL(nil)); !strings.Contains(page.Body, `name="password"`) {
		t.Errorf("the session from before lives on: %d %s", page.Status, page.URL)
	}
	if !demo.Active(t, demo.Login(t, person).Text("access_token")) {
		t.Error("a new sign-in does not work")
	}
	healthy(t, d, group)
}

// newPersonIn makes a user and signs it in.
func newPersonIn(t *testing.T, d *testkit.Daemon, name string) testkit.Answer {
	t.Helper()
	const password = "correct horse battery staple 7"
	if _, err := d.App.Direct().Directory.Create(t.Context(), name, password, "", ""); err != nil {
		t.Fatal(err)
	}
	person := testkit.NewPerson(t)
	person.Name, person.Password = name, password
	return d.Demo().Login(t, person)
}

// healthy fails the test unless the group is as it was at the beginning, and the daemon has found no loss.
func healthy(t *testing.T, d *testkit.Daemon, group *redistest.Group) {
	t.Helper()
	master := group.Nodes[0].Addr
	for _, addr := range group.Addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr, DisableIdentity: true, Protocol: 2})
		replicas, err := sentinel.Replicas(t.Context(), redistest.MasterName).Result()
		now, masterErr := sentinel.GetMasterAddrByName(t.Context(), redistest.MasterName).Result()
		_ = sentinel.Close()
		if err != nil || masterErr != nil || strings.Join(now, ":") != master {
			t.Errorf("the master is %v, was %s: %v, %v", now, master, err, masterErr)
		}
		for _, replica := range replicas {
			if replica["flags"] != "slave" || replica["master-link-status"] != "ok" {
				t.Errorf("a replica is %v", replica)
			}
		}
		if len(replicas) != 2 {
			t.Errorf("a Sentinel knows %d replicas", len(replicas))
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if metrics := testkit.Do(t, request).Raw; !strings.Contains(metrics, "\noauth2d_redis_losses_total 0\n") && !strings.Contains(metrics, "\noauth2d_redis_losses 0\n") {
		t.Errorf("losses: %v", regexp.MustCompile(`(?m)^.*losses.*$`).FindAllString(metrics, -1))
	}
}

// After Redis was emptied, a restore brings the clients and the people back. A daemon that ran through the loss answers 503
// until it is restarted, and a new one serves; what was issued before stays void.
func TestRestoreAfterRedisWasEmptied(t *testing.T) {
	t.Parallel()
	server, a := redistest.Start(t, rights(t)...), newArchives(t)
	issuer := "http://127.0.0.1:" + redistest.FreePort(t)
	on := func(c *config.Config) {
		c.Issuer, c.Server.Listen = issuer, strings.TrimPrefix(issuer, "http://")
		c.Redis.Username, c.Redis.Password = "app", "app"
	}
	elsewhere := func(c *config.Config) { c.Server.Listen = "127.0.0.1:0" }
	d := testkit.Start(t, testkit.Redis(server.Addr), on)
	s := site{
		"OAUTH2D_REDIS_MODE=standalone", "OAUTH2D_REDIS_ADDRS=" + server.Addr, "OAUTH2D_REDIS_TIMEOUT=10s",
		"OAUTH2D_MASTER_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "OAUTH2D_ISSUER=" + issuer,
	}
	person := testkit.NewPerson(t)
	old, planner := d.Demo().Login(t, person), d.Register(t, oauth.Client{ID: "planner", GrantTypes: []string{oauth.GrantClientCredentials}})
	works(t, s.user("backup"), a.create()...)
	server.Do(t, "flushall")
	out, _ := works(t, s.user("admin"), a.restore("--yes")...)
	if r := fromJSON[restored](t, out); !r.Done || r.People != 1 {
		t.Errorf("%+v", r)
	}
	redistest.Eventually(t, 10*time.Second, "the daemon that ran through the loss answers 503", func() bool {
		return d.Demo().Introspect(t, old.Text("access_token")).Status == http.StatusServiceUnavailable
	})
	next := testkit.Start(t, testkit.Redis(server.Addr), on, elsewhere)
	demo := next.Demo()
	demo.Base = "http://" + next.App.Addr()
	if demo.Active(t, old.Text("access_token")) {
		t.Error("a token from before the loss is active")
	}
	if answer := demo.Refresh(t, old.Text("refresh_token")); answer.Text("error") != "invalid_grant" {
		t.Errorf("a refresh token from before the loss: %s", answer.Raw)
	}
	planner.Base = demo.Base
	answer := planner.Token(t, url.Values{"grant_type": {"client_credentials"}}) // a client that only the backup has
	if answer.Status != http.StatusOK || !demo.Active(t, answer.Text("access_token")) {
		t.Errorf("a new token: %d %s", answer.Status, answer.Raw)
	}
}
