package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
)

// Sessions and grants that earlier releases stored have an acr and no amr: a password was the only method then.
func TestRecordsFromBeforeAMRMeanAPassword(t *testing.T) {
	t.Parallel()
	db, err := redisconn.Open(t.Context(), redisconn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	grants, now := redisstore.NewGrants(db), time.Now()
	for name, row := range map[string]struct{ acr, want string }{
		"a": {oauth.ACRPassword, "[pwd]"}, "b": {"", "[]"}, "c": {"urn:example:other", "[]"},
	} {
		t.Run("acr="+row.acr, func(t *testing.T) {
			g := grantOf(oauth.GrantRef(name), now)
			g.ACR, g.AMR = row.acr, nil
			if err := grants.Create(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			got, err := grants.Get(t.Context(), g.Ref)
			if err != nil || fmt.Sprint(got.AMR) != row.want {
				t.Errorf("acr %q: amr %v, %v; want %s", row.acr, got.AMR, err, row.want)
			}
		})
	}
}
