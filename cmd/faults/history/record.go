package history

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Record is everything that a trial saw. It is safe for concurrent use.
type Record struct {
	begun time.Time

	mu      sync.Mutex
	things  []*Thing
	acks    []Change // acknowledged changes
	unknown int      // changes whose outcome is unknown
	odd     []string // answers that no fault excuses
	jwt     map[string][]time.Duration
}

// Change is when something was asked and answered, since the load began.
type Change struct{ Call, Return time.Duration }

// Thing is one grant, session, client or user, and what was done to it.
type Thing struct {
	name string
	rec  *Record

	mu         sync.Mutex
	operations []Operation
	chains     int
	unsure     map[int]bool // chains with an unknown outcome so far
}

// New returns an empty record whose time begins now.
func New() *Record { return &Record{begun: time.Now(), jwt: map[string][]time.Duration{}} }

// Now is the time since the record began.
func (r *Record) Now() time.Duration { return time.Since(r.begun) }

// Begin makes a thing, whose history is empty.
func (r *Record) Begin(kind string) *Thing {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &Thing{name: fmt.Sprintf("%s %d", kind, len(r.things)+1), rec: r, unsure: map[int]bool{}}
	r.things = append(r.things, t)
	return t
}

// Strange notes an answer that no fault excuses.
func (r *Record) Strange(format string, words ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.odd = append(r.odd, fmt.Sprintf(format, words...)+fmt.Sprintf(" (after %.3f s)", r.Now().Seconds()))
}

// Changed counts the answer to a change.
func (r *Record) Changed(o Outcome, call, back time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch o {
	case Done:
		r.acks = append(r.acks, Change{call, back})
	case Unknown:
		r.unknown++
	case Refused:
	}
}

// Changes returns the acknowledged changes in the order of their answers, and how many have an unknown outcome.
func (r *Record) Changes() (acknowledged []Change, unknown int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.acks), r.unknown
}

// StrangeAnswers returns the answers that no fault excuses.
func (r *Record) StrangeAnswers() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.odd)
}

// Size is the number of things.
func (r *Record) Size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.things)
}

// SignedAt returns when JWTs were issued or introspected.
func (r *Record) SignedAt(kind string) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.jwt[kind])
}

// Signed notes that a JWT was issued or introspected.
func (r *Record) Signed(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jwt[kind] = append(r.jwt[kind], r.Now())
}

// Flowing reports whether a change was acknowledged that was asked for in the last moment.
func (r *Record) Flowing(moment time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acks) > 0 && r.acks[len(r.acks)-1].Call > r.Now()-moment
}

// Add puts an operation into the history that was carried out elsewhere.
func (t *Thing) Add(o Operation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.operations = append(t.operations, o)
}

// Forget empties the history: nothing can be asked about the thing.
func (t *Thing) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.operations = nil
}

// Length is the number of operations so far.
func (t *Thing) Length() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.operations)
}

// Chain begins the showings of one credential by one presenter at one daemon.
func (t *Thing) Chain() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chains++
	return t.chains
}

// Do asks, and puts the answer into the history.
func (t *Thing) Do(o Operation, ask func() Outcome) Outcome {
	t.mu.Lock()
	o.Retry = t.unsure[o.Chain]
	t.mu.Unlock()
	call := t.rec.Now()
	o.Outcome = ask()
	back := t.rec.Now()
	o.Call, o.Return = int64(call), int64(back)
	t.mu.Lock()
	t.operations = append(t.operations, o)
	if o.Outcome == Unknown && o.Verb == Show {
		t.unsure[o.Chain] = true
	}
	t.mu.Unlock()
	if o.Verb != Look {
		t.rec.Changed(o.Outcome, call, back)
	}
	return o.Outcome
}

// Violations judges every history. Those that are wrong go into a file, a line an operation.
func (r *Record) Violations(file string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := slices.Clone(r.odd)
	var wrongs strings.Builder
	for _, t := range r.things {
		wrong := judge(t.operations)
		if wrong == "" {
			continue
		}
		found = append(found, t.name+": "+wrong)
		fmt.Fprintf(&wrongs, "%s: %s\n", t.name, wrong)
		for _, o := range t.operations {
			fmt.Fprintf(&wrongs, "  %9.3f %9.3f %s %-8s %d %-7s chain %d retry %v\n",
				time.Duration(o.Call).Seconds(), time.Duration(o.Return).Seconds(), o.Daemon, o.Verb, o.N, o.Outcome, o.Chain, o.Retry)
		}
	}
	if wrongs.Len() == 0 {
		return found, nil
	}
	return found, os.WriteFile(file, []byte(wrongs.String()), 0o600)
}

// Gap is the longest time between two of the times, from one to another.
func Gap(times []time.Duration, from, to time.Duration) time.Duration {
	longest, last := time.Duration(0), from
	for _, at := range times {
		if at > from && at < to {
			longest, last = max(longest, at-last), at
		}
	}
	return max(longest, to-last)
}
