package redisconn_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// A connection that is open takes another password, which it tries first: with one that the server refuses nothing
// changes.
func TestI11_PasswordChangesWhileConnected(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	user := func(rules ...any) { server.Do(t, append([]any{"acl", "setuser", "app"}, rules...)...) }
	user("on", ">first", "~*", "&*", "+@all")
	db, err := redisconn.Open(t.Context(), redisconn.Options{
		Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Username: "app", Password: "first",
		DialTimeout: 5 * time.Second, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	works := func(when string) {
		t.Helper()
		if err := db.Read(t.Context(), "test", redis.NewStringCmd(t.Context(), "get", "auth:x")); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	reconnect := func() { server.Do(t, "client", "kill", "type", "normal", "skipme", "yes", "user", "app") }
	works("at first")
	err = db.UseCredentials(t.Context(), redisdial.Credentials{Username: "app", Password: "second"})
	if !redisdial.Refused(err) {
		t.Errorf("a password that the server does not have yet: %v", err)
	}
	reconnect()
	works("after a password was refused")

	user(">second")
	if err := db.UseCredentials(t.Context(), redisdial.Credentials{Username: "app", Password: "second"}); err != nil {
		t.Error(err)
	}
	user("<first")
	works("on the connections from before")
	reconnect()
	works("on new connections")
}
