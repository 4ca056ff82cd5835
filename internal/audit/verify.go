package audit

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Fault is a difference between the log and what the servers wrote.
type Fault struct {
	Place string // of the entry; empty for a fault at one end of the log
	Seq   uint64 // the number of the entry that is wrong, or of the first that is missing
	What  string // for operators to read
}

// Report holds the findings in a stretch of the log.
type Report struct {
	Entries     int
	First, Last uint64    // their numbers
	From, To    time.Time // of the first and last entry
	Faults      []Fault   // at most 100
	More        int       // faults that were left out
	Next        string    // the cursor of the next stretch; empty: the log was read to its end
	Left        int       // about the number of entries that are still to be read
}

// Sound reports whether there are no faults.
func (r Report) Sound() bool { return len(r.Faults) == 0 }

const maxFaults = 100

func (r *Report) fault(e store.AuditEntry, what string, args ...any) {
	if len(r.Faults) == maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, Fault{Place: e.Place, Seq: e.Seq, What: fmt.Sprintf(what, args...)})
}

// Verify reads a stretch of the log, from its beginning or from the Next of the report before, and finds entries that
// were removed, changed, added or reordered, at the log's ends as well as between them. Call it until there is no
// Next: only then the whole log was verified. It needs the keys that Start was called with. Entries that are recorded
// meanwhile are verified, too. The error is a refusal of an invalid cursor, or means "could not ask".
func (l *Log) Verify(ctx context.Context, cursor string) (Report, error) {
	w := walk{hasher: hasher{l.keys}, keys: map[string]*secret.MACer{}}
	if !w.resume(cursor) {
		return Report{}, oauth.Refuse(oauth.InvalidRequest, "the cursor is not one that was given out", nil)
	}
	if l.o.Store == nil {
		return w.report, nil
	}
	if newest := l.newest.Load(); newest != nil { // before the store is read: the log may only have grown since
		w.newest = *newest
	}
	end, err := l.o.Store.End(ctx)
	if err != nil {
		return Report{}, oauth.Unavailable(err)
	}
	w.begin(end.Head)
	for left := l.o.Stretch; left > 0; {
		r := store.AuditRange{After: w.last.Place, Limit: min(left, readLimit)}
		found, err := l.o.Store.Read(ctx, r)
		if err == nil && w.gapBefore(found) {
			err = l.passedBy(ctx, &w, found[0])
		}
		if err != nil {
			return Report{}, oauth.Unavailable(err)
		}
		for _, e := range found {
			w.step(e)
		}
		if len(found) < r.Limit {
			w.ends()
			return w.report, nil
		}
		left -= len(found)
	}
	w.report.Next, w.report.Left = w.cursor(), end.Count-int(min(w.entries, uint64(end.Count))) //nolint:gosec // G115: a count is not negative
	return w.report, nil
}

// passedBy checks whether entries are missing because the oldest were dropped during the walk. Then the walk begins
// anew with the oldest entry, and the end of the walk checks whether there are enough of them.
func (l *Log) passedBy(ctx context.Context, w *walk, next store.AuditEntry) error {
	oldest, err := l.o.Store.Read(ctx, store.AuditRange{Limit: 1})
	if err == nil && len(oldest) == 1 && oldest[0].Place == next.Place {
		w.last, w.entries = store.AuditEntry{}, 0
	}
	return err
}

// walk is one verification.
type walk struct {
	hasher
	keys   map[string]*secret.MACer
	report Report // of this stretch

	head    head   // as it was before this stretch was read
	written bool   // the log has a head
	sealed  bool   // by a server
	met     uint64 // the number of the last head whose entry was read; 0: none was
	newest  head   // the newest head that this process has seen; zero: it has seen none

	last    store.AuditEntry
	entries uint64 // from the first one on, in all stretches
	first   uint64 // number
}

// begin takes the head.
func (w *walk) begin(text string) {
	w.written = text != ""
	w.head, w.sealed = w.parse(text)
	w.meet() // in case it was written after the head of the stretch before was read
}

// meet notes when the last entry is the one that the head names.
func (w *walk) meet() {
	if w.sealed && w.entries > 0 && w.head.seq == w.last.Seq && w.head.hash == w.last.Hash {
		w.met = w.head.seq
	}
}

// whole reports whether the entry that the head names was read.
func (w *walk) whole() bool { return w.met == w.head.seq }

func (w *walk) gapBefore(found []store.AuditEntry) bool {
	return w.entries > 0 && len(found) > 0 && found[0].Seq > w.last.Seq+1
}

func (w *walk) step(e store.AuditEntry) {
	r := &w.report
	fact := entryOf(e).Fact
	if w.entries == 0 {
		w.first = e.Seq
		w.follows(e, e.Seq) // the first one follows a dropped one; number 1 follows none
	} else {
		w.follows(e, w.last.Seq+1)
	}
	key, known := w.keys[e.Key]
	if !known {
		if raw := w.of(e.Key); raw != nil {
			key = secret.NewMACer(raw)
		}
		w.keys[e.Key] = key
	}
	switch {
	case key == nil:
		r.fault(e, "the key %.40q behind its hash is not known: it cannot be verified", e.Key)
	case !secret.Equal([]byte(hashOf(key, e)), []byte(e.Hash)):
		r.fault(e, "it was changed, or not written by a server")
	case e.Seq == w.newest.seq && e.Hash != w.newest.hash:
		r.fault(e, "this server knows another entry with this number: the log was put back and written anew")
	case fact.Event == "audit.broken":
		r.fault(e, "a server noted then that entries before it were gone")
	}
	if r.Entries == 0 {
		r.First, r.From = e.Seq, fact.At
	}
	r.Entries, r.Last, r.To = r.Entries+1, e.Seq, fact.At
	w.entries, w.last = w.entries+1, e
	w.meet()
}

// follows checks the place of an entry in the chain.
func (w *walk) follows(e store.AuditEntry, expected uint64) {
	r := &w.report
	switch {
	case e.Seq > expected && e.Seq-expected == 1:
		r.fault(e, "number %d before it is missing", expected)
	case e.Seq > expected:
		r.fault(e, "numbers %d to %d before it are missing", expected, e.Seq-1)
	case e.Seq < expected:
		r.fault(e, "it stands behind number %d", w.last.Seq)
	case w.entries == 0 && e.Seq == 1 && e.Previous != beginning().hash, w.entries > 0 && e.Previous != w.last.Hash:
		r.fault(e, "the entry before it is not the one that it follows")
	}
}

// ends compares the end of the log with its head.
func (w *walk) ends() {
	r, at, last := &w.report, w.head, w.last.Seq
	if known := w.newest.seq; w.sealed && at.seq < known {
		r.fault(store.AuditEntry{Seq: at.seq + 1}, "numbers %d to %d are missing: this server knows of them, and an earlier state of the log was put back",
			at.seq+1, known)
	}
	switch {
	case !w.written && w.entries == 0:
		return // the log was never written
	case !w.sealed, !w.written:
		r.fault(store.AuditEntry{Seq: last}, "the head is missing, or not one that a server wrote: entries may be missing at the end")
		return
	case !w.whole() && last < at.seq:
		r.fault(store.AuditEntry{Seq: last + 1}, "numbers %d to %d are missing at the end", last+1, at.seq)
	case !w.whole() && w.first <= at.seq:
		r.fault(store.AuditEntry{Seq: at.seq}, "the entry is not the one that the head names")
	}
	if w.entries < at.kept && w.first > 1 && last >= at.seq {
		r.fault(store.AuditEntry{Seq: w.first}, "%d entries are missing: the log was to keep %d", at.kept-w.entries, at.kept)
	}
}

const (
	cursorForm = "%s %d %s %d %d %d"
	noHash     = "-" // stands for a hash that no server wrote
)

// cursor returns the position of the walk. It needs no seal: a forged cursor deceives only its forger.
func (w *walk) cursor() string {
	hash := w.last.Hash
	if len(hash) != hashLength || strings.ContainsFunc(hash, unicode.IsSpace) {
		hash = noHash
	}
	return fmt.Sprintf(cursorForm, w.last.Place, w.last.Seq, hash, w.entries, w.first, w.met)
}

// resume moves the walk to the position of a cursor; false when the text is not a cursor.
func (w *walk) resume(cursor string) bool {
	if cursor == "" {
		return true
	}
	n, err := fmt.Sscanf(cursor, cursorForm, &w.last.Place, &w.last.Seq, &w.last.Hash, &w.entries, &w.first, &w.met)
	return err == nil && n == 6 && validPlace(w.last.Place)
}
