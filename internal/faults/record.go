package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// record is everything that a trial saw. It is safe for concurrent use.
type record struct {
	begun time.Time

	mu      sync.Mutex
	things  []*thing
	acks    []moment // acknowledged changes
	unknown int      // changes whose outcome is unknown
	odd     []string // answers that no fault excuses
	jwt     map[string][]time.Duration
}

// moment is when something was asked and answered, since the load began.
type moment struct{ call, back time.Duration }

// thing is one grant, session, client or user, and what was done to it.
type thing struct {
	name string
	rec  *record

	mu     sync.Mutex
	is     []operation
	chains int
	unsure map[int]bool // chains with an unknown outcome so far
}

func newRecord() *record { return &record{begun: time.Now(), jwt: map[string][]time.Duration{}} }

func (r *record) now() time.Duration { return time.Since(r.begun) }

// thing begins a history.
func (r *record) thing(kind string) *thing {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &thing{name: fmt.Sprintf("%s %d", kind, len(r.things)+1), rec: r, unsure: map[int]bool{}}
	r.things = append(r.things, t)
	return t
}

// strange notes an answer that no fault excuses.
func (r *record) strange(format string, words ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.odd = append(r.odd, fmt.Sprintf(format, words...)+fmt.Sprintf(" (after %.3f s)", r.now().Seconds()))
}

// changed counts the answer to a change.
func (r *record) changed(o outcome, call, back time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch o {
	case done:
		r.acks = append(r.acks, moment{call, back})
	case unknown:
		r.unknown++
	case refused:
	}
}

// signed notes that a JWT was issued or introspected.
func (r *record) signed(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jwt[kind] = append(r.jwt[kind], r.now())
}

// flowing reports whether a change was acknowledged that was asked for in the last moment.
func (r *record) flowing(moment time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acks) > 0 && r.acks[len(r.acks)-1].call > r.now()-moment
}

// chain begins the showings of one credential by one presenter at one daemon.
func (t *thing) chain() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chains++
	return t.chains
}

// do asks, and puts the answer into the history.
func (t *thing) do(o operation, ask func() outcome) outcome {
	t.mu.Lock()
	o.Retry = t.unsure[o.Chain]
	t.mu.Unlock()
	call := t.rec.now()
	o.Outcome = ask()
	back := t.rec.now()
	o.Call, o.Return = int64(call), int64(back)
	t.mu.Lock()
	t.is = append(t.is, o)
	if o.Outcome == unknown && o.Verb == show {
		t.unsure[o.Chain] = true
	}
	t.mu.Unlock()
	if o.Verb != look {
		t.rec.changed(o.Outcome, call, back)
	}
	return o.Outcome
}

// violations judges every history. Those that are wrong go into a file, a line an operation.
func (r *record) violations(file string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := slices.Clone(r.odd)
	var wrongs strings.Builder
	for _, t := range r.things {
		wrong := judge(t.is)
		if wrong == "" {
			continue
		}
		found = append(found, t.name+": "+wrong)
		fmt.Fprintf(&wrongs, "%s: %s\n", t.name, wrong)
		for _, o := range t.is {
			fmt.Fprintf(&wrongs, "  %9.3f %9.3f %s %-8s %d %-7s chain %d retry %v\n",
				time.Duration(o.Call).Seconds(), time.Duration(o.Return).Seconds(), o.Daemon, o.Verb, o.N, o.Outcome, o.Chain, o.Retry)
		}
	}
	if wrongs.Len() == 0 {
		return found, nil
	}
	return found, os.WriteFile(file, []byte(wrongs.String()), 0o600)
}

// gap is the longest time between two of the times, from one to another.
func gap(times []time.Duration, from, to time.Duration) time.Duration {
	longest, last := time.Duration(0), from
	for _, at := range times {
		if at > from && at < to {
			longest, last = max(longest, at-last), at
		}
	}
	return max(longest, to-last)
}
