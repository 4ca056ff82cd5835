package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Consents is the suite of store.Consents.
func Consents(t *testing.T, open Open) {
	s := open(t).Consents
	for seed := range uint64(seeds) {
		d, now, user := roll("consents", seed), start(), roll("consents of", seed).uuid()
		given := map[oauth.ClientID]oauth.Consent{}
		for step := range steps {
			where := fmt.Sprintf("seed %d step %d", seed, step)
			now = now.Add(time.Second)
			c := oauth.Consent{
				Client: pick[oauth.ClientID](d, "a", "b", "version", "odd {*}"),
				Scope:  pick(d, nil, oauth.Scopes{"openid"}, oauth.Scopes{"openid", "profile"}), Given: now,
			}
			if d.oneIn(3) {
				sure(t, where, s.Withdraw(t.Context(), user, c.Client))
				delete(given, c.Client)
			} else {
				sure(t, where, s.Give(t.Context(), user, c))
				given[c.Client] = c
			}
			got, err := s.Given(t.Context(), user)
			sure(t, where, err)
			var want []oauth.Consent
			for _, client := range slices.Sorted(maps.Keys(given)) {
				want = append(want, given[client])
			}
			same(t, where, got, want)
		}
	}
}
