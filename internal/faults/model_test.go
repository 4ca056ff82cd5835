package main

import (
	"strings"
	"testing"
)

// past builds a history whose operations follow one another.
func past(operations ...operation) []operation {
	for i := range operations {
		operations[i].Call, operations[i].Return = int64(10*i), int64(10*i+5)
	}
	return operations
}

func TestTheCheckerSees(t *testing.T) {
	t.Parallel()
	born := operation{Verb: create, Outcome: done}
	redeemed := operation{Verb: show, Chain: 1, Outcome: done}
	revoked := operation{Verb: end, Outcome: done}
	active, inactive := operation{Verb: look, Outcome: done}, operation{Verb: look, Outcome: refused}
	for _, history := range []struct {
		name string
		is   []operation
		want string // a part of what is wrong
	}{
		{"a code redeemed twice", past(born, redeemed, operation{Verb: show, Chain: 2, Outcome: done}), "accepted again"},
		{"a code redeemed twice by a presenter that knew", past(born, redeemed, redeemed), "accepted again"},
		{"an older refresh token accepted", past(born, redeemed, operation{Verb: show, N: 1, Chain: 2, Outcome: done},
			operation{Verb: show, N: 0, Chain: 3, Retry: true, Outcome: done}), "accepted again"},
		{"a revoked grant alive again", past(born, redeemed, revoked, active), "revoked and is active"},
		{"a revoked grant alive after it was dead", past(born, redeemed, revoked, inactive, active), "revoked and is active"},
		{"a revoked token alive again", past(born, redeemed, operation{Verb: endToken, N: 1, Outcome: done},
			operation{Verb: look, N: 1, Outcome: done}), "revoked and is active"},
		{"a reused code whose grant lives", past(born, redeemed, operation{Verb: show, Chain: 2, Outcome: refused}, active), "revoked and is active"},
		{"an acknowledged grant gone", past(born, redeemed, inactive), "acknowledged and is gone"},
		{"a live code refused", past(born, operation{Verb: show, Chain: 1, Outcome: refused}), "refused without a reason"},
		{"a retry refused", past(born, operation{Verb: show, Chain: 1, Outcome: unknown},
			operation{Verb: show, Chain: 1, Retry: true, Outcome: refused}), "refused without a reason"},
		{"an acknowledged client gone", past(born, inactive), "acknowledged and is gone"},
	} {
		t.Run(history.name, func(t *testing.T) {
			t.Parallel()
			if got := judge(history.is); !strings.Contains(got, history.want) {
				t.Errorf("the checker says %q, want %q", got, history.want)
			}
		})
	}
}

func TestTheCheckerForgives(t *testing.T) {
	t.Parallel()
	born := operation{Verb: create, Outcome: done}
	unsure := operation{Verb: show, Chain: 1, Outcome: unknown}
	active, inactive := operation{Verb: look, Outcome: done}, operation{Verb: look, Outcome: refused}
	late := operation{Verb: end, Outcome: unknown}
	for name, is := range map[string][]operation{
		"a chain": past(born, operation{Verb: show, Chain: 1, Outcome: done}, active, operation{Verb: show, N: 1, Chain: 2, Outcome: done},
			operation{Verb: end, Outcome: done}, inactive, operation{Verb: show, N: 2, Chain: 3, Outcome: refused}),
		"a retry of what happened":          past(born, unsure, operation{Verb: show, Chain: 1, Retry: true, Outcome: done}, active),
		"reuse that ends the grant":         past(born, operation{Verb: show, Chain: 1, Outcome: done}, operation{Verb: show, Chain: 2, Outcome: refused}, inactive),
		"a stranger after an unknown":       past(born, unsure, operation{Verb: show, Chain: 2, Outcome: refused}, operation{Verb: show, Chain: 1, Retry: true, Outcome: refused}),
		"a stranger before it happens":      past(born, unsure, operation{Verb: show, Chain: 2, Outcome: done}),
		"an end that comes later":           past(born, late, active, active, inactive),
		"an end that is seen, and then not": past(born, late, inactive, active),
		"one token of two":                  past(born, operation{Verb: show, Chain: 1, Outcome: done}, operation{Verb: endToken, N: 1, Outcome: done}, operation{Verb: look, N: 2, Outcome: done}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := judge(is); got != "" {
				t.Errorf("the checker says %q", got)
			}
		})
	}
	together := past(born, operation{Verb: show, Chain: 1, Outcome: done}, operation{Verb: end, Outcome: done}, active)
	together[3].Call = together[2].Call
	if got := judge(together); got != "" {
		t.Errorf("a look while the end was under way: %q", got)
	}
}
