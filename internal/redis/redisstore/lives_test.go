package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// lives holds a key's time to live to a length, less what has passed since.
func lives(t *testing.T, admin *redis.Client, key string, length time.Duration) {
	t.Helper()
	ttl, err := admin.PTTL(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	if ttl > length || ttl < length-30*time.Second {
		t.Errorf("%s lives %v, want %v", key, ttl, length)
	}
}

func TestAnAdvanceMovesTheTimesToLive(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	grants, now := redisstore.NewGrants(db), time.Now()
	g := sampleGrant(now, 1)
	if err := grants.Create(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	key, token := "auth:grant:"+string(g.Ref), oauth.DigestOf("token")
	lives(t, admin, key, 10*time.Minute)
	for serial, keep := range []time.Duration{time.Hour, 2 * time.Hour, 365 * 24 * time.Hour} {
		_, err := grants.Advance(t.Context(), store.Presentation{
			Grant: g.Ref, Client: g.Client, Scope: g.Scope, Serial: uint32(serial), Now: now, Rotate: true, Keep: keep, //nolint:gosec // small
			Access: &store.NewAccess{Digest: token, Life: keep / 4},
		})
		if err != nil {
			t.Fatal(err)
		}
		end := g.End.Sub(now)
		lives(t, admin, key, min(keep, end))
		lives(t, admin, "auth:access_token:"+token.Key(), min(keep/4, end))
	}
}

func TestARevocationIsNotCutShort(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	access, now := redisstore.NewAccess(db), time.Now()
	jwt := store.Query{Digest: oauth.DigestOf("jti"), Format: oauth.FormatJWT}
	for _, life := range []time.Duration{time.Hour, time.Minute} {
		if err := access.Revoke(t.Context(), jwt, now.Add(life), now); err != nil {
			t.Fatal(err)
		}
		if err := access.RevokeClient(t.Context(), "c", now, life); err != nil {
			t.Fatal(err)
		}
	}
	lives(t, admin, "auth:revoked:token:"+jwt.Digest.Key(), time.Hour)
	lives(t, admin, "auth:revoked:client:"+string(store.TagOf("c")), time.Hour)
}

// While a session is being ended, its user's list names it a moment longer than it is there.
func TestATouchDoesNotBringASessionBack(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	sessions, now := redisstore.NewSessions(db), time.Now()
	one := oauth.Session{Ref: "one", User: "u", Seen: now, Expires: now.Add(time.Hour)}
	if _, _, err := sessions.Start(t.Context(), one, 5); err != nil {
		t.Fatal(err)
	}
	if err := admin.Del(t.Context(), "auth:session:one").Err(); err != nil {
		t.Fatal(err)
	}
	if err := sessions.Touch(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := sessions.Find(t.Context(), one.Ref, now); !errors.Is(err, store.Absent) {
		t.Errorf("the session is there again: %v", err)
	}
}
