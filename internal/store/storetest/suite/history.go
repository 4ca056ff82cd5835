package suite

import (
	"fmt"
	"iter"
	"testing"
	"time"
)

// History is one random life of a store, under a clock of its own. Its seed makes it repeatable.
type History struct {
	T    *testing.T
	Dice Dice
	Now  time.Time
	Seed uint64
	Step int
}

// Histories runs live once for each seed.
func Histories(t *testing.T, name string, live func(*History)) {
	for seed := range uint64(Seeds) {
		live(&History{T: t, Dice: Roll(name, seed), Now: Start(), Seed: seed})
	}
}

// Steps yields the number of each step.
func (h *History) Steps() iter.Seq[int] {
	return func(yield func(int) bool) {
		for h.Step = range Steps {
			if !yield(h.Step) {
				return
			}
		}
	}
}

// Where names the seed, the step and what was compared, for the message of a failure.
func (h *History) Where(what string) string {
	return fmt.Sprintf("seed %d step %d: %s", h.Seed, h.Step, what)
}
