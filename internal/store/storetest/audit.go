package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Audit is the suite of store.Audit.
func Audit(t *testing.T, open suite.Open) {
	t.Run("history", func(t *testing.T) {
		for seed := range uint64(suite.Seeds) {
			h := &auditHistory{t: t, s: open(t).Audit, d: suite.Roll("audit", seed), seed: seed}
			h.run()
		}
	})
	t.Run("one of a crowd appends", func(t *testing.T) { oneAppends(t, open(t).Audit) })
}

// auditHistory is one random life of a log, with a writer that is sometimes late.
type auditHistory struct {
	t    *testing.T
	s    store.Audit
	d    suite.Dice
	seed uint64
	log  []store.AuditEntry
	head string
	seq  uint64
}

func (h *auditHistory) run() {
	for step := range suite.Steps {
		where := fmt.Sprintf("seed %d step %d", h.seed, step)
		h.append(where)
		end, err := h.s.End(h.t.Context())
		suite.Sure(h.t, where, err)
		want := store.AuditEnd{Head: h.head, Count: len(h.log)}
		if len(h.log) > 0 {
			want.Last = h.log[len(h.log)-1].Place
		}
		suite.Same(h.t, where+": end", end, want)
		h.read(where)
	}
}

func (h *auditHistory) append(where string) {
	a := store.AuditAppend{Was: h.head, Head: h.d.Ref(), Keep: 1 + h.d.IntN(12)}
	for range 1 + h.d.IntN(4) {
		h.seq++
		e := store.AuditEntry{
			Place: "x", Seq: h.seq, Key: h.d.Ref(), Previous: h.d.Ref(), Hash: h.d.Ref(), Body: []byte("{\"a\":\"\x00\n\"}" + h.d.Ref()),
		}
		suite.Complete(h.t, e)
		e.Place = ""
		a.Entries = append(a.Entries, e)
	}
	late := h.d.OneIn(4)
	if late {
		a.Was = suite.Pick(h.d, "", h.d.Ref(), h.head+"x")
		late = a.Was != h.head
	}
	place, err := h.s.Append(h.t.Context(), a)
	suite.Sure(h.t, where, err)
	suite.Same(h.t, where+": conflict", errors.Is(err, store.Conflict), late)
	if late {
		h.seq -= uint64(len(a.Entries))
		return
	}
	h.head = a.Head
	h.log = append(h.log, a.Entries...)
	h.log = h.log[max(0, len(h.log)-a.Keep):]
	h.placed(where, place)
}

// placed learns the places that the store made, and holds them to growing.
func (h *auditHistory) placed(where, last string) {
	got, err := h.s.Read(h.t.Context(), store.AuditRange{Limit: 100})
	suite.Sure(h.t, where, err)
	for i := range got {
		if milliseconds, number, ok := strings.Cut(got[i].Place, "-"); !ok || milliseconds == "" || number == "" {
			h.t.Fatalf("%s: the place %q", where, got[i].Place)
		}
		if i < len(h.log) {
			h.log[i].Place = got[i].Place
		}
	}
	suite.Same(h.t, where+": log", got, h.log)
	suite.Same(h.t, where+": place", got[len(got)-1].Place, last)
}

func (h *auditHistory) read(where string) {
	r := store.AuditRange{Newest: h.d.OneIn(2), Limit: 1 + h.d.IntN(5), Since: int64(h.d.IntN(2))}
	want := slices.Clone(h.log)
	if r.Newest {
		slices.Reverse(want)
	}
	if len(want) > 0 && h.d.OneIn(2) {
		at := h.d.IntN(len(want))
		r.After, want = want[at].Place, want[at+1:]
	}
	if h.d.OneIn(8) {
		r.Since, r.After, want = 1<<50, "", nil
	}
	got, err := h.s.Read(h.t.Context(), r)
	suite.Sure(h.t, where, err)
	want = want[:min(len(want), r.Limit)]
	if len(got) != len(want) || len(got) > 0 && fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Fatalf("%s: read %+v:\n got  %v\n want %v", where, r, got, want)
	}
}

// oneAppends: of all who read one head, one gets its entry in.
func oneAppends(t *testing.T, s store.Audit) {
	head := ""
	for round := range 3 {
		var won atomic.Int32
		var next atomic.Value
		suite.Together(suite.Crowd, func(i int) {
			mine := fmt.Sprint(round, " ", i)
			_, err := s.Append(t.Context(), store.AuditAppend{
				Was: head, Head: mine, Keep: 100, Entries: []store.AuditEntry{{Seq: uint64(round) + 1, Body: []byte(mine)}}, //nolint:gosec // small
			})
			switch {
			case err == nil:
				won.Add(1)
				next.Store(mine)
			case !errors.Is(err, store.Conflict):
				t.Errorf("append: %v", err)
			}
		})
		suite.Same(t, "who appended", won.Load(), int32(1))
		head, _ = next.Load().(string)
		end, err := s.End(t.Context())
		suite.Sure(t, "end", err)
		suite.Same(t, "head", end.Head, head)
		suite.Same(t, "entries", end.Count, round+1)
	}
}
