package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Fault is something in the log that no server wrote so.
type Fault struct {
	Place string // of the entry; empty when it is about one end of the log
	Seq   uint64 // the number of the entry that is wrong, or of the first that is missing
	What  string // for people
}

// Report is what a verification found.
type Report struct {
	Entries     int
	First, Last uint64    // their numbers
	From, To    time.Time // of the first and last entry
	Faults      []Fault   // at most 100
	More        int       // faults that were left out
}

// Sound tells that nothing is wrong.
func (r Report) Sound() bool { return len(r.Faults) == 0 }

const maxFaults = 100

func (r *Report) fault(e store.AuditEntry, what string, args ...any) {
	if len(r.Faults) == maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, Fault{Place: e.Place, Seq: e.Seq, What: fmt.Sprintf(what, args...)})
}

// Verify reads the whole log and finds entries that were removed, changed, added or reordered, at its
// ends as well as between them. It needs the keys that Start was called with. What was recorded while it reads is
// verified, too. The error means "could not ask".
func (l *Log) Verify(ctx context.Context) (Report, error) {
	w := walk{hasher: hasher{l.keys}, keys: map[string][]byte{}}
	if l.o.Store == nil {
		return w.report, nil
	}
	end, err := l.o.Store.End(ctx)
	if err != nil {
		return Report{}, oauth.Unavailable(err)
	}
	r := store.AuditRange{Limit: readLimit}
	for {
		found, err := l.o.Store.Read(ctx, r)
		if err != nil {
			return Report{}, oauth.Unavailable(err)
		}
		for _, e := range found {
			w.step(e, end.Head)
			r.After = e.Place
		}
		if len(found) < readLimit {
			break
		}
	}
	w.ends(end.Head)
	return w.report, nil
}

// walk is a verification under way.
type walk struct {
	hasher
	keys   map[string][]byte
	report Report
	last   store.AuditEntry
	met    bool // the entry that the head names
}

func (w *walk) step(e store.AuditEntry, headText string) {
	r := &w.report
	fact := entryOf(e).Fact
	if r.Entries == 0 {
		r.First, r.From = e.Seq, fact.At
		w.follows(e, e.Seq) // the first one follows what was cut off; number 1 follows nothing
	} else {
		w.follows(e, w.last.Seq+1)
	}
	key, known := w.keys[e.Key]
	if !known {
		key = w.of(e.Key)
		w.keys[e.Key] = key
	}
	switch {
	case key == nil:
		r.fault(e, "the key %q behind its hash is not known: it cannot be verified", e.Key)
	case !secret.Equal([]byte(hashOf(key, e)), []byte(e.Hash)):
		r.fault(e, "it was changed, or not written by a server")
	case fact.Event == "audit.broken":
		r.fault(e, "a server noted then that entries before it were gone")
	}
	if at, sealed := w.parse(headText); sealed && at.seq == e.Seq && at.hash == e.Hash {
		w.met = true
	}
	r.Entries, r.Last, r.To = r.Entries+1, e.Seq, fact.At
	w.last = e
}

// follows holds an entry to its place in the chain.
func (w *walk) follows(e store.AuditEntry, expected uint64) {
	r := &w.report
	switch {
	case e.Seq > expected && e.Seq-expected == 1:
		r.fault(e, "number %d before it is missing", expected)
	case e.Seq > expected:
		r.fault(e, "numbers %d to %d before it are missing", expected, e.Seq-1)
	case e.Seq < expected:
		r.fault(e, "it stands behind number %d", w.last.Seq)
	case r.Entries == 0 && e.Seq == 1 && e.Previous != beginning().hash, r.Entries > 0 && e.Previous != w.last.Hash:
		r.fault(e, "the entry before it is not the one that it follows")
	}
}

// ends holds the log to its head.
func (w *walk) ends(headText string) {
	r := &w.report
	at, sealed := w.parse(headText)
	switch {
	case headText == "" && r.Entries == 0:
		return // nothing was ever written
	case !sealed, headText == "":
		r.fault(store.AuditEntry{Seq: r.Last}, "the head is missing, or not one that a server wrote: entries may be missing at the end")
		return
	case !w.met && r.Last < at.seq:
		r.fault(store.AuditEntry{Seq: r.Last + 1}, "numbers %d to %d are missing at the end", r.Last+1, at.seq)
	case !w.met && r.First <= at.seq:
		r.fault(store.AuditEntry{Seq: at.seq}, "the entry is not the one that the head names")
	}
	if missing := int64(at.kept) - int64(r.Entries); missing > 0 && r.First > 1 && r.Last >= at.seq { //nolint:gosec // G115: both are bounded by the length of the log
		r.fault(store.AuditEntry{Seq: r.First}, "%d entries are missing: the log was to keep %d", missing, at.kept)
	}
}
