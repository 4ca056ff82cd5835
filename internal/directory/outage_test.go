package directory_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

var errAway = errors.New("away")

// flaky is a store that goes away once a guess is counted.
type flaky struct {
	store.Users
	store.Limits
	leaving, away atomic.Bool
}

func (f *flaky) Find(ctx context.Context, name string) (oauth.UserID, error) {
	if f.away.Load() {
		return "", errAway
	}
	return f.Users.Find(ctx, name)
}

func (f *flaky) Try(ctx context.Context, attempt store.Attempt, budgets []store.Budget, now time.Time) ([]store.Trial, error) {
	trials, err := f.Limits.Try(ctx, attempt, budgets, now)
	f.away.Store(err == nil && trials[0].Allowed && f.leaving.Load())
	return trials, err
}

func (f *flaky) Return(ctx context.Context, some ...store.Counted) error {
	if f.away.Load() {
		return errAway
	}
	return f.Limits.Return(ctx, some...)
}

// W07: a person who typed the right password while Redis went away is not locked out when it is back.
func TestW07_AnOutageIsNoWrongPassword(t *testing.T) {
	t.Parallel()
	db := roomtest.Open(t, redisconn.Options{})
	f := &flaky{Users: redisstore.NewUsers(db), Limits: serverstore.NewLimits(db)}
	p := &people{}
	const budget = 3
	p.Directory = directory.New(directory.Options{
		Store: f, Hasher: secret.NewHasher(cheap), Events: p, Now: time.Now, MinLength: 8,
		Guard: ratelimit.NewGuard(ratelimit.GuardOptions{
			Store: f, Events: p, Now: time.Now,
			Subject: ratelimit.Limit{Rule: ratelimit.LoginFailures, Rate: ratelimit.Rate{Count: budget, Per: time.Hour}},
		}),
	})
	p.create(t, "ann")
	for range budget + 1 {
		f.leaving.Store(true)
		if _, err := p.Verify(t.Context(), "ann", password); oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
			t.Errorf("without Redis: %v", err)
		}
		f.leaving.Store(false)
		f.away.Store(false)
	}
	if account, err := p.Verify(t.Context(), "ann", password); err != nil || account.User.Name != "ann" {
		t.Errorf("the right password, with Redis: %v", err)
	}
	if until, err := p.LockedUntil(t.Context(), "ann"); err != nil || !until.IsZero() {
		t.Errorf("locked until %v, %v", until, err)
	}
	for range budget {
		if _, err := p.Verify(t.Context(), "ann", "wrong"); oauth.AsError(err).Code != oauth.AccessDenied {
			t.Errorf("a wrong password within the budget: %v", err)
		}
	}
	if _, err := p.Verify(t.Context(), "ann", password); oauth.AsError(err).Code != oauth.SlowDown {
		t.Errorf("beyond the budget: %v", err)
	}
}
