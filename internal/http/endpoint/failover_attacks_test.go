package endpoint_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// What was acknowledged before the master died is still so after a replica took over: a spent code
// stays spent, a spent refresh token does not make a second family, a revoked token stays dead.
func TestC03_R03_V13_S08_AFailoverUndoesNothing(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, "appendonly yes")
	d := testkit.Start(t, func(c *config.Config) {
		testkit.Redis("")(c)
		c.Redis.Mode, c.Redis.Addrs, c.Redis.MasterName = "sentinel", group.Addrs, redistest.MasterName
		c.Redis.DialTimeout, c.Redis.Timeout = 500*time.Millisecond, time.Second
	})
	party, person := d.Demo(), testkit.NewPerson(t)
	answered := func(do func() testkit.Answer) testkit.Answer { // not 503, which is always allowed
		t.Helper()
		var a testkit.Answer
		redistest.Eventually(t, time.Minute, "an answer", func() bool {
			a = do()
			return a.Status != http.StatusServiceUnavailable
		})
		return a
	}
	code := party.Code(t, person, nil)
	redeemed := answered(func() testkit.Answer { return party.Redeem(t, code) })
	family := answered(func() testkit.Answer { return party.Redeem(t, party.Code(t, person, nil)) })
	next := answered(func() testkit.Answer { return party.Refresh(t, family.Text("refresh_token")) })
	revoked := answered(func() testkit.Answer { return party.Token(t, credentialsForm()) })
	gone := answered(func() testkit.Answer { return party.Revoke(t, revoked.Text("access_token")) })
	for what, a := range map[string]testkit.Answer{"redeem": redeemed, "family": family, "refresh": next, "issue": revoked, "revoke": gone} {
		t.Run(what, func(t *testing.T) {
			if a.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", what, a.Status, a.Raw)
			}
		})
	}
	master := group.Master(t)
	if master == nil {
		t.Fatal("there is no master")
	}
	master.Kill()
	if a := answered(func() testkit.Answer { return party.Token(t, credentialsForm()) }); a.Status != http.StatusOK {
		t.Fatalf("after the failover: %d %s", a.Status, a.Raw)
	}
	if a := answered(func() testkit.Answer { return party.Introspect(t, revoked.Text("access_token")) }); a.Fields["active"] != false {
		t.Errorf("V13: %s", a.Raw)
	}
	if a := answered(func() testkit.Answer { return party.Introspect(t, next.Text("access_token")) }); a.Fields["active"] != true {
		t.Errorf("a live token was lost: %s", a.Raw)
	}
	refused(t, answered(func() testkit.Answer { return party.Redeem(t, code) }), 400, oauth.InvalidGrant) // C03
	d.Clock.Advance(time.Minute)                                                                          // past every grace
	refused(t, answered(func() testkit.Answer { return party.Refresh(t, family.Text("refresh_token")) }), 400, oauth.InvalidGrant)
	refused(t, answered(func() testkit.Answer { return party.Refresh(t, next.Text("refresh_token")) }), 400, oauth.InvalidGrant) // R03
}
