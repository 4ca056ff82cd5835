package granttest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// answer is the result of one caller.
type answer struct {
	verdict oauth.Verdict
	grant   oauth.Grant
}

// advanceTogether lets a crowd show one credential at the same moment.
func advanceTogether(t *testing.T, s suite.Subject, show func(i int) store.Presentation) map[oauth.Verdict][]answer {
	t.Helper()
	answers := make([]answer, suite.Crowd)
	errs := make([]error, suite.Crowd)
	suite.Together(suite.Crowd, func(i int) {
		var out store.Outcome
		out, errs[i] = s.Grants.Advance(t.Context(), show(i))
		answers[i] = answer{out.Verdict, out.Grant}
	})
	byVerdict := map[oauth.Verdict][]answer{}
	for i, one := range answers {
		suite.Sure(t, "advance", errs[i])
		byVerdict[one.verdict] = append(byVerdict[one.verdict], one)
	}
	return byVerdict
}

// oneAdvances: of concurrent presenters exactly one gets Advanced, and the grant does
// not survive the others (row R02 of the attacks, and C02 for codes).
func oneAdvances(t *testing.T, s suite.Subject) {
	for seed := range uint64(6) {
		d := suite.Roll("one advances", seed)
		g := suite.GrantAt(t, s, d, uint32(seed%3)) //nolint:gosec // small
		answers := advanceTogether(t, s, func(i int) store.Presentation {
			p := suite.Showing(g, g.Born)
			p.Presenter, p.Grace = oauth.DigestOf(fmt.Sprint(i)), time.Duration(seed%2)*10*time.Second
			return p
		})
		suite.Same(t, "advanced", len(answers[oauth.Advanced]), 1)
		suite.Same(t, "reused", len(answers[oauth.Reused]), 1)
		suite.Same(t, "unknown", len(answers[oauth.Unknown]), suite.Crowd-2)
	}
}

// samePresenter: a crowd of one presenter inside the grace gets one successor; without a grace they
// are like any others.
func samePresenter(t *testing.T, s suite.Subject) {
	for seed := range uint64(6) {
		d := suite.Roll("same presenter", seed)
		g := suite.GrantAt(t, s, d, uint32(seed%3)) //nolint:gosec // small
		grace := time.Duration(seed%2) * 10 * time.Second
		answers := advanceTogether(t, s, func(int) store.Presentation {
			p := suite.Showing(g, g.Born)
			p.Presenter, p.Grace = oauth.DigestOf("one"), grace
			return p
		})
		suite.Same(t, "advanced", len(answers[oauth.Advanced]), 1)
		if grace == 0 {
			suite.Same(t, "retried without a grace", len(answers[oauth.Retried]), 0)
			continue
		}
		suite.Same(t, "retried", len(answers[oauth.Retried]), suite.Crowd-1)
		for _, again := range answers[oauth.Retried] {
			suite.Same(t, "the retried grant", again.grant, answers[oauth.Advanced][0].grant)
		}
	}
}

// shown is one call of a concurrent history.
type shown struct {
	serial    uint32
	presenter string
}

// chain is the state of a grant, as far as a concurrent history needs it. A dead grant has live -1.
type chain struct {
	live int
	by   string
}

// advanceModel is the sequential rule that every concurrent history must be explained by.
func advanceModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return chain{} },
		Step: func(state, input, output any) (bool, any) {
			c, in := state.(chain), input.(shown)
			verdict, next := c.advance(in)
			return verdict == output.(oauth.Verdict), next
		},
		Equal: func(a, b any) bool { return a.(chain) == b.(chain) },
	}
}

func (c chain) advance(in shown) (oauth.Verdict, chain) {
	serial := int(in.serial)
	switch {
	case c.live < 0 || serial > c.live:
		return oauth.Unknown, c
	case serial == c.live:
		return oauth.Advanced, chain{live: c.live + 1, by: in.presenter}
	case serial == c.live-1 && c.by == in.presenter:
		return oauth.Retried, c
	default:
		return oauth.Reused, chain{live: -1}
	}
}

// linearizable records the answers to concurrent callers and looks for an order that explains it.
func linearizable(t *testing.T, s suite.Subject) {
	const callers, calls = 6, 6
	for seed := range uint64(15) {
		g := suite.GrantAt(t, s, suite.Roll("linearizable", seed), 0)
		var mu sync.Mutex
		var history []porcupine.Operation
		suite.Together(callers, func(i int) {
			d := suite.Roll(fmt.Sprint("caller ", i), seed)
			for n := range calls {
				in := shown{serial: uint32((n + d.IntN(2)) / 2), presenter: suite.Pick(d, "p", "p", "p", "q")} //nolint:gosec // small
				called := time.Now()
				p := suite.Showing(g, g.Born)
				p.Serial, p.Presenter, p.Grace = in.serial, oauth.DigestOf(in.presenter), time.Minute
				out, err := s.Grants.Advance(t.Context(), p)
				if err != nil {
					t.Errorf("advance: %v", err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{
					ClientId: i, Input: in, Call: called.UnixNano(), Output: out.Verdict, Return: time.Now().UnixNano(),
				})
				mu.Unlock()
			}
		})
		if !porcupine.CheckOperations(advanceModel(), history) {
			slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
			t.Fatalf("seed %d: no order explains %+v", seed, history)
		}
	}
}

// createOnce: of a crowd with one id exactly one creates the grant, and nobody does after it has ended.
func createOnce(t *testing.T, s suite.Subject) {
	g := suite.SampleGrant(suite.Roll("create once", 1), suite.Roll("create once", 2).UUID(), suite.Start())
	answers := make([]error, suite.Crowd)
	suite.Together(suite.Crowd, func(i int) {
		mine := g
		mine.Nonce = fmt.Sprint("nonce", i)
		answers[i] = s.Grants.CreateOnce(t.Context(), mine, store.Once{Name: "once", Keep: time.Hour})
	})
	winner := ""
	for i, err := range answers {
		suite.Sure(t, "create once", err)
		if err == nil {
			suite.Same(t, "earlier winner", winner, "")
			winner = fmt.Sprint("nonce", i)
		}
	}
	stored, err := s.Grants.Get(t.Context(), g.Ref)
	suite.Sure(t, "get", err)
	suite.Same(t, "whose grant it is", stored.Nonce, winner)
	suite.Sure(t, "kill", s.Grants.Kill(t.Context(), g.Ref))
	if err := s.Grants.CreateOnce(t.Context(), g, store.Once{Name: "once", Keep: time.Hour}); !errors.Is(err, store.Conflict) {
		t.Errorf("after its end: %v", err)
	}
	if _, err := s.Grants.Get(t.Context(), g.Ref); !errors.Is(err, store.Absent) {
		t.Errorf("the grant is back: %v", err)
	}
}
