package endpoint_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// shippedRights are the ACL users that the repository ships, each with its name as password; the
// default user keeps every right, for the test.
func shippedRights(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "user" || words[1] == "default" {
			continue
		}
		sum := sha256.Sum256([]byte(words[1]))
		placeholder := "${" + strings.ToUpper(words[1]) + "_HASH}"
		users = append(users, strings.TrimSpace(strings.ReplaceAll(line, placeholder, hex.EncodeToString(sum[:]))))
	}
	return users
}

// The daemon never tries what its user may not do: the ACL log would record a refusal.
func TestS07_TheDaemonNeedsNoMoreThanItsRights(t *testing.T) {
	t.Parallel()
	contract := "user contract on >contract resetkeys ~auth:* resetchannels +@all -@dangerous +info" // the most that operators give
	server := redistest.Start(t, append(shippedRights(t), contract)...)
	for _, user := range []string{"app", "contract"} {
		t.Run(user, func(t *testing.T) {
			server.Do(t, "flushall")
			d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) {
				c.Redis.Username, c.Redis.Password = user, config.Secret(user)
			})
			server.Do(t, "acl", "log", "reset") // the start-up check may try commands, to report missing permissions
			party := d.Register(t, full("holder", oauth.FormatOpaque))
			login := party.Login(t, testkit.NewPerson(t))
			next := party.Refresh(t, login.Text("refresh_token"))
			d.Demo().Active(t, next.Text("access_token"))
			party.Revoke(t, next.Text("refresh_token"))
			if err := d.App.Direct().SetPassword(t.Context(), "demo", "another password"); err != nil {
				t.Fatal(err)
			}
			if err := d.App.Direct().DeleteClient(t.Context(), "holder"); err != nil {
				t.Fatal(err)
			}
			if log, _ := server.Do(t, "acl", "log").([]any); len(log) != 0 {
				t.Errorf("%s: refused by Redis: %v", user, log)
			}
			_ = d.App.Stop(t.Context())
		})
	}
}

// Nobody else who has an account on the same Redis reads the authorization state or runs anything.
func TestS07_OtherRolesAreKeptOut(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, shippedRights(t)...)
	server.Do(t, "hset", "auth:keys", "k", "sealed")
	server.Do(t, "set", "auth:client:demo", "x")
	server.Do(t, "set", "cache:x", "x")
	everybody := [][]any{
		{"config", "get", "*"}, {"keys", "*"}, {"flushdb"}, {"flushall"}, {"acl", "list"}, {"acl", "setuser", "x"}, {"debug", "jmap"},
		{"module", "list"}, {"shutdown", "nosave"}, {"replicaof", "no", "one"}, {"monitor"}, {"migrate", "127.0.0.1", "1", "cache:x", "1", "1"},
	}
	reading := [][]any{{"get", "auth:client:demo"}, {"hgetall", "auth:keys"}, {"dump", "auth:keys"}, {"set", "auth:client:demo", "y"}, {"del", "auth:keys"}}
	scripts := [][]any{{"eval", "return 1", 0}, {"eval", "return redis.call('GET', 'auth:client:demo')", 0}, {"eval", "return redis.call('HGETALL', KEYS[1])", 1, "auth:keys"}}
	for user, refused := range map[string][][]any{
		"app":     {{"get", "cache:x"}, {"set", "cache:x", "y"}, {"eval", "return redis.call('GET', 'cache:x')", 0}},
		"cache":   append(reading, scripts[1:]...),
		"monitor": append(append([][]any{{"get", "cache:x"}}, reading...), scripts...),
		"cleanup": append([][]any{{"set", "auth:client:demo", "y"}, {"del", "auth:keys"}, {"del", "auth:client:demo"}, {"dump", "auth:keys"}}, scripts...),
	} {
		t.Run(user, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{Addr: server.Addr, Username: user, Password: user, DisableIdentity: true, Protocol: 2})
			t.Cleanup(func() { _ = client.Close() })
			if err := client.Ping(t.Context()).Err(); err != nil {
				t.Fatalf("%s: %v", user, err)
			}
			for _, words := range append(refused, everybody...) {
				if err := client.Do(t.Context(), words...).Err(); !forbidden(err) {
					t.Errorf("%s may %v: %v", user, words, err)
				}
			}
		})
	}
}

// forbidden reports whether Redis refused for lack of rights; Redis reports the attempt of a script in other words.
func forbidden(err error) bool {
	said := func(words string) bool { return err != nil && strings.Contains(err.Error(), words) }
	return said("NOPERM") || said("can't access at least one of the keys") || said("command not allowed")
}
