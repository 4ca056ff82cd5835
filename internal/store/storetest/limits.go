package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Limits is the suite of store.Limits.
func Limits(t *testing.T, open suite.Open) {
	s := open(t).Limits
	t.Run("buckets", func(t *testing.T) {
		for seed := range uint64(suite.Seeds) {
			bucketHistory(t, s, seed)
		}
	})
	t.Run("budgets", func(t *testing.T) {
		suite.Histories(t, "budgets", func(life *suite.History) {
			h := &budgetHistory{History: life, s: s}
			h.run()
		})
	})
	t.Run("a crowd gets exactly the bucket", func(t *testing.T) { crowdAtBucket(t, s) })
	t.Run("a crowd spends exactly the budget", func(t *testing.T) { crowdAtBudget(t, s) })
	t.Run("a full bucket goes by itself", func(t *testing.T) { bucketGoes(t, s) })
}

// limitKey is a key of one test.
func limitKey(parts ...any) oauth.Digest {
	return oauth.DigestOf("limit of a test " + fmt.Sprint(parts...))
}

// bucketHistory compares a bucket with a plain count of when each permit comes back. The model has
// no batches: it is asked for one permit at a time, as often as the store gave some.
func bucketHistory(t *testing.T, s store.Limits, seed uint64) {
	d, now := suite.Roll("buckets", seed), suite.Start()
	b := store.Bucket{Key: limitKey("bucket", seed), Permits: d.IntN(40) + 1, Per: time.Duration(d.IntN(90)+30) * time.Minute}
	each := time.Duration((b.Per.Microseconds()+int64(b.Permits)-1)/int64(b.Permits)) * time.Microsecond
	var full time.Time // when it would be full again
	for step := range suite.Steps {
		where := fmt.Sprintf("seed %d step %d", seed, step)
		now = now.Add(time.Duration(d.IntN(int(2 * each))))
		now = now.Truncate(time.Microsecond)
		if full.Before(now) {
			full = now
		}
		left := int((now.Add(each * time.Duration(b.Permits))).Sub(full) / each)
		want := d.IntN(8) + 1
		got, err := s.Take(t.Context(), b, want, now)
		suite.Sure(t, where, err)
		expected := store.Permits{Granted: min(want, (left+7)/8)}
		if left < 1 {
			expected = store.Permits{Wait: full.Add(each).Sub(now.Add(each * time.Duration(b.Permits)))}
		}
		suite.Same(t, where, got, expected)
		full = full.Add(each * time.Duration(got.Granted))
	}
}

// counter is the model of a budget.
type counter struct {
	since, lock time.Time
	open        map[store.Attempt]bool
}

// budgetHistory is one random life of two budgets.
type budgetHistory struct {
	*suite.History
	s     store.Limits
	model map[oauth.Digest]*counter
	made  []store.Counted // attempts, whatever became of them
}

func (h *budgetHistory) run() {
	budgets := []store.Budget{
		{Key: limitKey("user", h.Seed), Attempts: h.Dice.IntN(4) + 1, Window: 10 * time.Minute},
		{Key: limitKey("address", h.Seed), Attempts: h.Dice.IntN(9) + 1, Window: 20 * time.Minute},
	}
	h.model = map[oauth.Digest]*counter{budgets[0].Key: {}, budgets[1].Key: {}}
	for range h.Steps() {
		h.Now = h.Now.Add(time.Duration(h.Dice.IntN(180_000)+1) * time.Millisecond)
		switch h.Dice.IntN(8) {
		case 0:
			key := suite.Pick(h.Dice, budgets...).Key
			suite.Sure(h.T, h.Where("clear"), h.s.Clear(h.T.Context(), key))
			*h.model[key] = counter{}
		case 1, 2:
			h.giveBack()
		default:
			h.try(budgets)
		}
		for key, c := range h.model {
			got, err := h.s.Locked(h.T.Context(), key, h.Now)
			suite.Sure(h.T, h.Where("locked"), err)
			want := c.lock
			if !want.After(h.Now) {
				want = time.Time{}
			}
			suite.Same(h.T, h.Where("locked"), got, want)
		}
	}
}

func (h *budgetHistory) try(budgets []store.Budget) {
	attempt := store.Attempt(fmt.Sprint(h.Step))
	got, err := h.s.Try(h.T.Context(), attempt, budgets, h.Now)
	suite.Sure(h.T, h.Where("try"), err)
	var want []store.Trial
	for _, b := range budgets {
		want = append(want, h.model[b.Key].try(attempt, b, h.Now))
		h.made = append(h.made, store.Counted{Key: b.Key, Attempt: attempt})
	}
	suite.Same(h.T, h.Where("try"), got, want)
}

func (c *counter) try(attempt store.Attempt, b store.Budget, now time.Time) store.Trial {
	if c.lock.After(now) {
		return store.Trial{Key: b.Key, Wait: c.lock.Sub(now)}
	}
	if !c.lock.IsZero() || !c.since.Add(b.Window).After(now) {
		*c = counter{since: now, open: map[store.Attempt]bool{}}
	}
	c.open[attempt] = true
	last := len(c.open) >= b.Attempts
	if last {
		c.lock = now.Add(b.Window)
	}
	return store.Trial{Key: b.Key, Allowed: true, Last: last}
}

// giveBack returns an attempt, a recent one as a rule; now and then one that was given back, refused or
// is long over.
func (h *budgetHistory) giveBack() {
	if len(h.made) == 0 {
		return
	}
	one := h.made[max(0, len(h.made)-1-h.Dice.IntN(4))]
	if h.Dice.OneIn(4) {
		one = suite.Pick(h.Dice, h.made...)
	}
	suite.Sure(h.T, h.Where("return"), h.s.Return(h.T.Context(), one))
	c := h.model[one.Key]
	if !c.open[one.Attempt] {
		return
	}
	c.lock = time.Time{}
	delete(c.open, one.Attempt)
	if len(c.open) == 0 {
		*c = counter{}
	}
}

// crowdAtBucket: concurrent callers together get exactly the permits that the bucket holds.
func crowdAtBucket(t *testing.T, s store.Limits) {
	b, now := store.Bucket{Key: limitKey("crowd"), Permits: 120, Per: 24 * time.Hour}, suite.Start()
	var granted atomic.Int64
	suite.Together(suite.Crowd, func(i int) {
		for range 20 {
			got, err := s.Take(t.Context(), b, i%5+1, now)
			if err != nil {
				t.Errorf("take: %v", err)
			}
			granted.Add(int64(got.Granted))
		}
	})
	suite.Same(t, "permits given", granted.Load(), int64(b.Permits))
}

// crowdAtBudget: of two hundred at once as many are allowed as the budget has, and one locks it.
func crowdAtBudget(t *testing.T, s store.Limits) {
	b, now := store.Budget{Key: limitKey("crowd of guesses"), Attempts: 10, Window: time.Hour}, suite.Start()
	var allowed, last atomic.Int64
	suite.Together(4*suite.Crowd, func(i int) {
		got, err := s.Try(t.Context(), store.Attempt(fmt.Sprint(i)), []store.Budget{b}, now)
		if err != nil || len(got) != 1 {
			t.Errorf("try: %v %v", got, err)
			return
		}
		if got[0].Allowed {
			allowed.Add(1)
		}
		if got[0].Last {
			last.Add(1)
		}
	})
	suite.Same(t, "attempts allowed", allowed.Load(), int64(b.Attempts))
	suite.Same(t, "attempts that locked", last.Load(), int64(1))
}

// bucketGoes: nothing is kept of who has not asked for a while.
func bucketGoes(t *testing.T, s store.Limits) {
	b := store.Bucket{Key: limitKey("goes"), Permits: 2, Per: 100 * time.Millisecond}
	now := time.Now().UTC().Truncate(time.Millisecond)
	took, err := s.Take(t.Context(), b, 1, now)
	suite.Sure(t, "take", err)
	suite.Same(t, "permits", took.Granted, 1)
	suite.EventuallyAbsent(t, "a bucket", func() error {
		// Asked at the time of the first question, only a bucket that is gone is as good as full.
		for n := 0; ; n++ {
			got, err := s.Take(t.Context(), b, 1, now)
			if err != nil {
				return err
			}
			if got.Granted == 0 {
				if n == b.Permits {
					return store.Absent
				}
				return nil
			}
		}
	})
}
