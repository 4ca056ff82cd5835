package app

import (
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// holderBytes is the number of random bytes in the name that distinguishes a daemon from the others on the same Redis.
const holderBytes = 12

// counting holds the parts that count and limit requests.
type counting struct {
	config.Limits
	store  store.Limits
	events event.Sink
	now    func() time.Time
}

func (c counting) limit(rule ratelimit.Rule) ratelimit.Limit {
	return ratelimit.Limit{Rule: rule, Rate: ratelimit.Rate(c.Rates()[string(rule)])}
}

func (c counting) limiter() *ratelimit.Limiter {
	rates := map[ratelimit.Rule]ratelimit.Rate{}
	for name, rate := range c.Rates() {
		rates[ratelimit.Rule(name)] = ratelimit.Rate(rate)
	}
	return ratelimit.New(ratelimit.Options{
		Store: c.store, Events: c.events, Now: c.now, Rates: rates, FailClosed: c.OnRedisOutage == "deny",
	})
}

func (c counting) guard(subject, address ratelimit.Rule) *ratelimit.Guard {
	return ratelimit.NewGuard(ratelimit.GuardOptions{
		Store: c.store, Events: c.events, Now: c.now, Subject: c.limit(subject), Address: c.limit(address),
	})
}

// expectLimits creates the metrics of every limit that is on.
func (a *App) expectLimits() {
	budgets := []ratelimit.Rule{ratelimit.LoginFailures, ratelimit.LoginFailuresIP, ratelimit.ClientFailures, ratelimit.ClientFailuresIP}
	for name := range a.config.Limits.Rates() {
		a.metrics.ExpectLimit(name, slices.Contains(budgets, ratelimit.Rule(name)))
	}
}
