package history

import (
	"strings"
	"testing"
)

// past builds a history whose operations follow one another.
func past(operations ...Operation) []Operation {
	for i := range operations {
		operations[i].Call, operations[i].Return = int64(10*i), int64(10*i+5)
	}
	return operations
}

func TestTheCheckerSees(t *testing.T) {
	t.Parallel()
	born := Operation{Verb: Create, Outcome: Done}
	redeemed := Operation{Verb: Show, Chain: 1, Outcome: Done}
	revoked := Operation{Verb: End, Outcome: Done}
	active, inactive := Operation{Verb: Look, Outcome: Done}, Operation{Verb: Look, Outcome: Refused}
	for _, history := range []struct {
		name string
		is   []Operation
		want string // a part of what is wrong
	}{
		{"a code redeemed twice", past(born, redeemed, Operation{Verb: Show, Chain: 2, Outcome: Done}), "accepted again"},
		{"a code redeemed twice by a presenter that knew", past(born, redeemed, redeemed), "accepted again"},
		{"an older refresh token accepted", past(born, redeemed, Operation{Verb: Show, N: 1, Chain: 2, Outcome: Done},
			Operation{Verb: Show, N: 0, Chain: 3, Retry: true, Outcome: Done}), "accepted again"},
		{"a revoked grant alive again", past(born, redeemed, revoked, active), "revoked and is active"},
		{"a revoked grant alive after it was dead", past(born, redeemed, revoked, inactive, active), "revoked and is active"},
		{"a revoked token alive again", past(born, redeemed, Operation{Verb: EndToken, N: 1, Outcome: Done},
			Operation{Verb: Look, N: 1, Outcome: Done}), "revoked and is active"},
		{"a reused code whose grant lives", past(born, redeemed, Operation{Verb: Show, Chain: 2, Outcome: Refused}, active), "revoked and is active"},
		{"an acknowledged grant gone", past(born, redeemed, inactive), "acknowledged and is gone"},
		{"a live code refused", past(born, Operation{Verb: Show, Chain: 1, Outcome: Refused}), "refused without a reason"},
		{"a retry refused", past(born, Operation{Verb: Show, Chain: 1, Outcome: Unknown},
			Operation{Verb: Show, Chain: 1, Retry: true, Outcome: Refused}), "refused without a reason"},
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
	born := Operation{Verb: Create, Outcome: Done}
	unsure := Operation{Verb: Show, Chain: 1, Outcome: Unknown}
	active, inactive := Operation{Verb: Look, Outcome: Done}, Operation{Verb: Look, Outcome: Refused}
	late := Operation{Verb: End, Outcome: Unknown}
	for name, is := range map[string][]Operation{
		"a chain": past(born, Operation{Verb: Show, Chain: 1, Outcome: Done}, active, Operation{Verb: Show, N: 1, Chain: 2, Outcome: Done},
			Operation{Verb: End, Outcome: Done}, inactive, Operation{Verb: Show, N: 2, Chain: 3, Outcome: Refused}),
		"a retry of what happened":          past(born, unsure, Operation{Verb: Show, Chain: 1, Retry: true, Outcome: Done}, active),
		"reuse that ends the grant":         past(born, Operation{Verb: Show, Chain: 1, Outcome: Done}, Operation{Verb: Show, Chain: 2, Outcome: Refused}, inactive),
		"a stranger after an unknown":       past(born, unsure, Operation{Verb: Show, Chain: 2, Outcome: Refused}, Operation{Verb: Show, Chain: 1, Retry: true, Outcome: Refused}),
		"a stranger before it happens":      past(born, unsure, Operation{Verb: Show, Chain: 2, Outcome: Done}),
		"an end that comes later":           past(born, late, active, active, inactive),
		"an end that is seen, and then not": past(born, late, inactive, active),
		"one token of two":                  past(born, Operation{Verb: Show, Chain: 1, Outcome: Done}, Operation{Verb: EndToken, N: 1, Outcome: Done}, Operation{Verb: Look, N: 2, Outcome: Done}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := judge(is); got != "" {
				t.Errorf("the checker says %q", got)
			}
		})
	}
	together := past(born, Operation{Verb: Show, Chain: 1, Outcome: Done}, Operation{Verb: End, Outcome: Done}, active)
	together[3].Call = together[2].Call
	if got := judge(together); got != "" {
		t.Errorf("a look while the end was under way: %q", got)
	}
}
