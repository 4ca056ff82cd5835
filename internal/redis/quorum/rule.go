package quorum

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Why a write is not acknowledged: it may be lost if the master is.
var (
	ErrNotDurable = errors.New("not on every replica")
	ErrNotMaster  = errors.New("READONLY the server is not a master")
)

// Rule holds the conditions of an acknowledgement at one time.
type Rule struct {
	required []string // replicas that must have the writes
	excused  []string // replicas that may miss them although the master may still list them
	known    []string // replicas that count at all
	same     aliases
}

// Rule returns the conditions of an acknowledgement now: without a fresh majority, every known replica (I2).
func (a Agreement) Rule(now time.Time) Rule {
	if a.Agreed(now) {
		return Rule{required: a.Required, excused: a.down, known: a.Known, same: a.same}
	}
	return Rule{required: a.Known, known: a.Known, same: a.same}
}

// Listed returns the rule of a group without Sentinels: every replica that the master itself lists as
// online, and at least one.
func Listed(master NodeStatus) Rule {
	return Rule{known: slices.Collect(maps.Keys(master.Replicas))}
}

// MustHave returns the replicas that must have the writes.
func (r Rule) MustHave() []string { return slices.Clone(r.required) }

// least returns the number of known replicas that must have a write. Never none (I5).
func (r Rule) least() int { return max(1, len(r.required)) }

// Acknowledge decides whether writes that ended at an offset may be acknowledged, by what the master
// reported behind them. Every required replica must have them, by name (I3): with counting, a former
// master that has just come back would take the place of the replica that is being promoted. So must
// every other replica that the master lists as online, because the Sentinels may not know it yet (I4).
// It returns the offset that all of those have reached.
func (r Rule) Acknowledge(end NodeStatus, written int64) (int64, error) {
	end = end.canonical(r.same)
	if !end.Master {
		return 0, ErrNotMaster
	}
	reached, count := int64(math.MaxInt64), 0
	for addr, offset := range end.Replicas {
		if offset < written {
			if slices.Contains(r.excused, addr) {
				continue
			}
			return 0, fmt.Errorf("%w: %s is behind", ErrNotDurable, addr)
		}
		reached = min(reached, offset)
		if slices.Contains(r.known, addr) {
			count++
		}
	}
	for _, addr := range r.required {
		if _, online := end.Replicas[addr]; !online {
			return 0, fmt.Errorf("%w: %s is not connected", ErrNotDurable, addr)
		}
	}
	if count < r.least() {
		return 0, fmt.Errorf("%w: %d replicas have it, %d must", ErrNotDurable, count, r.least())
	}
	return reached, nil
}

// WaitFor returns the number of replicas to WAIT for: all that Acknowledge will ask for, as far as
// the master's last status shows.
func (r Rule) WaitFor(last NodeStatus) int {
	last = last.canonical(r.same)
	all := slices.Clone(r.required)
	for addr := range last.Replicas {
		if !slices.Contains(r.excused, addr) && !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	return max(1, len(all))
}
