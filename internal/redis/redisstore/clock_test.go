package redisstore_test

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Three daemons, one of them an hour behind and one an hour ahead, on one Redis: they agree on the life of
// a code and on the grace, because the clock of Redis judges both.
func TestF_S25_DaemonsWithSkewedClocksAgree(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for name, o := range map[string]redisconn.Options{
		"embedded":   {},
		"standalone": {Mode: redisconn.Standalone, Addrs: []string{server.Addr}},
	} {
		o.Timeout, o.DialTimeout = 10*time.Second, 5*time.Second
		db, err := redisconn.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		grants := redisstore.NewGrants(db)
		skews := []time.Duration{0, -time.Hour, time.Hour}
		for n, made := range skews {
			g := sampleGrant(time.Now().Add(made).UTC().Truncate(time.Millisecond), n)
			if err := grants.Create(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			p := store.Presentation{
				Grant: g.Ref, Client: g.Client, Grace: 10 * time.Second, Rotate: true, Keep: time.Hour, Scope: g.Scope,
			}
			for i, shown := range skews {
				p.Now = time.Now().Add(shown)
				got, err := grants.Advance(t.Context(), p)
				want := oauth.Retried
				if i == 0 {
					want = oauth.Advanced
				}
				if err != nil || got.Verdict != want {
					t.Errorf("%s: made %v off, shown %v off: %q, %v", name, made, shown, got.Verdict, err)
				}
				if off := time.Since(got.At).Abs(); off > time.Minute {
					t.Errorf("%s: judged %v off", name, off)
				}
				if off := time.Until(got.Grant.End).Abs() - 90*24*time.Hour; off.Abs() > time.Minute {
					t.Errorf("%s: the end of the grant is %v off", name, off)
				}
			}
		}
	}
}
