package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Consents is the suite of store.Consents.
func Consents(t *testing.T, open suite.Open) {
	s := open(t).Consents
	t.Run("history", func(t *testing.T) { consentHistory(t, s) })
	t.Run("two at once lose none", func(t *testing.T) { consentsTogether(t, s) })
	t.Run("a withdrawal is noticed", func(t *testing.T) { withdrawalsTogether(t, s) })
}

func consentHistory(t *testing.T, s store.Consents) {
	for seed := range uint64(suite.Seeds) {
		d, now, user := suite.Roll("consents", seed), suite.Start(), suite.Roll("consents of", seed).UUID()
		given, withdrawals := map[oauth.ClientID]oauth.Consent{}, uint64(0)
		for step := range suite.Steps {
			where := fmt.Sprintf("seed %d step %d", seed, step)
			now = now.Add(time.Second)
			c := oauth.Consent{
				Client: suite.Pick[oauth.ClientID](d, "a", "b", "version", "odd {*}"),
				Scope:  suite.Pick(d, nil, oauth.Scopes{"openid"}, oauth.Scopes{"profile", "openid"}, oauth.Scopes{"email"}), Given: now,
			}
			if d.OneIn(3) {
				suite.Sure(t, where, s.Withdraw(t.Context(), user, c.Client))
				delete(given, c.Client)
				withdrawals++
			} else {
				since := now.Add(-time.Duration(d.IntN(20)) * time.Second)
				if before := given[c.Client]; !before.Given.Before(since) {
					c.Scope = before.Scope.With(c.Scope)
				}
				got, err := s.Give(t.Context(), user, oauth.Consent{Client: c.Client, Scope: c.Scope, Given: now}, since)
				suite.Sure(t, where, err)
				suite.Same(t, where, got, c)
				given[c.Client] = c
			}
			got, err := s.Given(t.Context(), user)
			suite.Sure(t, where, err)
			var want []oauth.Consent
			for _, client := range slices.Sorted(maps.Keys(given)) {
				want = append(want, given[client])
			}
			suite.Same(t, where, got, want)
			state, err := s.Of(t.Context(), user, c.Client)
			suite.Sure(t, where, err)
			suite.Same(t, where, state, store.ConsentState{Consent: given[c.Client], Withdrawals: withdrawals})
		}
	}
}

// consentsTogether: of concurrent consents to one client, a scope each, none is lost.
func consentsTogether(t *testing.T, s store.Consents) {
	user, now := suite.Roll("consents together", 1).UUID(), suite.Start()
	suite.Together(suite.Crowd, func(i int) {
		c := oauth.Consent{Client: "app", Scope: oauth.Scopes{fmt.Sprint("scope", i)}, Given: now}
		_, err := s.Give(t.Context(), user, c, now.Add(-time.Hour))
		suite.Sure(t, "give", err)
	})
	state, err := s.Of(t.Context(), user, "app")
	suite.Sure(t, "of", err)
	suite.Same(t, "scopes", len(state.Consent.Scope), suite.Crowd)
}

// withdrawalsTogether: every one of a crowd counts, whether there was a consent or not.
func withdrawalsTogether(t *testing.T, s store.Consents) {
	user := suite.Roll("withdrawals together", 1).UUID()
	suite.Together(suite.Crowd, func(i int) {
		suite.Sure(t, "withdraw", s.Withdraw(t.Context(), user, oauth.ClientID(fmt.Sprint("app", i%3))))
	})
	state, err := s.Of(t.Context(), user, "app0")
	suite.Sure(t, "of", err)
	suite.Same(t, "state", state, store.ConsentState{Withdrawals: suite.Crowd})
}
