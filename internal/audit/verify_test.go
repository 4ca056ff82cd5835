package audit_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// tampering are the things that somebody with access to Redis, but without our keys, may do. Each must be found.
func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	const entries = 12
	type hand struct {
		*redis.Client
		ids  []string
		head []string // after so many entries
	}
	values := func(h hand, t *testing.T, i int) map[string]any {
		t.Helper()
		return h.XRange(t.Context(), "auth:audit", h.ids[i], h.ids[i]).Val()[0].Values
	}
	rewrite := func(h hand, t *testing.T, order []int, change func(i int, values map[string]any)) {
		t.Helper()
		var all []map[string]any
		for _, i := range order {
			v := values(h, t, i)
			if change != nil {
				change(i, v)
			}
			all = append(all, v)
		}
		h.Del(t.Context(), "auth:audit")
		for i, v := range all {
			h.XAdd(t.Context(), &redis.XAddArgs{Stream: "auth:audit", ID: fmt.Sprintf("%d-1", i+1), Values: v})
		}
	}
	whole := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for name, do := range map[string]func(t *testing.T, h hand){
		"one removed":           func(t *testing.T, h hand) { h.XDel(t.Context(), "auth:audit", h.ids[5]) },
		"several removed":       func(t *testing.T, h hand) { h.XDel(t.Context(), "auth:audit", h.ids[5:8]...) },
		"the first removed":     func(t *testing.T, h hand) { h.XDel(t.Context(), "auth:audit", h.ids[0]) },
		"the beginning removed": func(t *testing.T, h hand) { h.XTrimMaxLen(t.Context(), "auth:audit", 3) },
		"the last removed":      func(t *testing.T, h hand) { h.XDel(t.Context(), "auth:audit", h.ids[11]) },
		"the end removed":       func(t *testing.T, h hand) { h.XDel(t.Context(), "auth:audit", h.ids[7:]...) },
		"all removed":           func(t *testing.T, h hand) { h.Del(t.Context(), "auth:audit") },
		"the end and the head": func(t *testing.T, h hand) {
			h.XDel(t.Context(), "auth:audit", h.ids[11])
			h.Del(t.Context(), "auth:audit:head")
		},
		"the head made up": func(t *testing.T, h hand) {
			h.Set(t.Context(), "auth:audit:head", strings.Replace(h.head[0], "12 ", "11 ", 1), 0)
		},
		"the order changed":      func(t *testing.T, h hand) { rewrite(h, t, []int{0, 1, 2, 4, 3, 5, 6, 7, 8, 9, 10, 11}, nil) },
		"one there twice":        func(t *testing.T, h hand) { rewrite(h, t, []int{0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11}, nil) },
		"one moved to the end":   func(t *testing.T, h hand) { rewrite(h, t, []int{0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 3}, nil) },
		"a fact changed":         func(t *testing.T, h hand) { rewrite(h, t, whole, swap(6, "fact", `u6`, `u9`)) },
		"a number changed":       func(t *testing.T, h hand) { rewrite(h, t, whole, swap(11, "seq", `12`, `13`)) },
		"the key's name changed": func(t *testing.T, h hand) { rewrite(h, t, whole, swap(6, "key", `p1`, `p2`)) },
		"another key's name":     func(t *testing.T, h hand) { rewrite(h, t, whole, swap(6, "key", `p1`, `mine`)) },
		"one removed, renumbered": func(t *testing.T, h hand) {
			rewrite(h, t, []int{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11}, func(i int, v map[string]any) {
				if i > 5 {
					v["seq"] = fmt.Sprint(i)
				}
			})
		},
		"one added": func(t *testing.T, h hand) {
			v := values(h, t, 11)
			v["previous"], v["seq"] = v["hash"], "13"
			h.XAdd(t.Context(), &redis.XAddArgs{Stream: "auth:audit", Values: v})
		},
		"rubbish added": func(t *testing.T, h hand) {
			h.XAdd(t.Context(), &redis.XAddArgs{Stream: "auth:audit", Values: map[string]any{"x": "y"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			admin := server.Admin(t)
			db := roomtest.Open(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})
			l := began(t, audit.Options{Store: serverstore.NewAudit(db), Keep: 100})
			for i := range entries {
				l.Emit(t.Context(), event.LoginSucceeded{User: oauth.UserID(fmt.Sprint("u", i))})
			}
			sync1(t, l)
			sound(t, l, entries)
			h := hand{Client: admin, head: []string{admin.Get(t.Context(), "auth:audit:head").Val()}}
			for _, m := range admin.XRange(t.Context(), "auth:audit", "-", "+").Val() {
				h.ids = append(h.ids, m.ID)
			}
			do(t, h)
			// By somebody who only reads the log, and by the server that wrote it.
			whole := verify(t, began(t, audit.Options{Store: serverstore.NewAudit(db), Keep: 100}))
			if known := verify(t, l); whole.Sound() || known.Sound() {
				t.Errorf("nothing was found: %+v, %+v", whole, known)
			}
			for stretch := 1; stretch <= entries; stretch++ {
				short := began(t, audit.Options{Store: serverstore.NewAudit(db), Keep: 100, Stretch: stretch})
				if r := verify(t, short); fmt.Sprint(r) != fmt.Sprint(whole) {
					t.Errorf("in stretches of %d:\n%+v\nat once:\n%+v", stretch, r, whole)
				}
			}
			query(t, l, audit.Query{}) // reads what is left
		})
	}
}

func swap(at int, field, from, to string) func(int, map[string]any) {
	return func(i int, v map[string]any) {
		if i == at {
			v[field] = strings.Replace(v[field].(string), from, to, 1)
		}
	}
}

// A log that is verified in stretches may grow, and drop its oldest entries, between one stretch and the
// next. That is no fault; that too few are left is one.
func TestTheLogGoesOnWhileItIsVerified(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	db := roomtest.Open(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})
	l := began(t, audit.Options{Store: serverstore.NewAudit(db), Keep: 6, Stretch: 3})
	write := func(n int) {
		for range n {
			l.Emit(t.Context(), event.LoginSucceeded{})
		}
		sync1(t, l)
	}
	next := func(cursor string) audit.Report {
		r, err := l.Verify(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	write(6)
	begun := next("")
	if begun.First != 1 || begun.Last != 3 || begun.Next == "" || begun.Left != 3 || !begun.Sound() {
		t.Fatalf("the first stretch: %+v", begun)
	}
	write(2) // 1 and 2 make room
	if r := next(begun.Next); r.First != 4 || r.Last != 6 || !r.Sound() || !next(r.Next).Sound() {
		t.Errorf("it has grown: %+v", r)
	}
	write(4) // 6 is gone, too
	r := next(begun.Next)
	last := next(r.Next)
	if r.First != 7 || !r.Sound() || last.Last != 12 || !last.Sound() || !next(last.Next).Sound() {
		t.Errorf("it has passed by: %+v, then %+v", r, last)
	}
	server.Admin(t).XTrimMaxLen(t.Context(), "auth:audit", 5)
	r = next(begun.Next)
	last = next(r.Next)
	if r.First != 8 || last.Last != 12 || last.Sound() {
		t.Errorf("one was taken: %+v, then %+v", r, last)
	}
}

// hurried is a store in which something happens right after its end was read.
type hurried struct {
	store.Audit
	then func()
}

func (h hurried) End(ctx context.Context) (store.AuditEnd, error) {
	end, err := h.Audit.End(ctx)
	h.then()
	return end, err
}

// An entry that is written after the head was read may be the last one of a stretch.
func TestAStretchEndsBehindItsHead(t *testing.T) {
	t.Parallel()
	under := embedded(t)
	writer := began(t, audit.Options{Store: under, Keep: 10})
	write := func() {
		writer.Emit(t.Context(), event.LoginSucceeded{})
		sync1(t, writer)
	}
	write()
	write()
	reader := began(t, audit.Options{Store: hurried{under, sync.OnceFunc(write)}, Keep: 10, Stretch: 3})
	if r := verify(t, reader); !r.Sound() || r.Entries != 3 {
		t.Errorf("%+v", r)
	}
}

func TestCursorsOfVerification(t *testing.T) {
	t.Parallel()
	l := began(t, audit.Options{Store: embedded(t), Keep: 6})
	for _, cursor := range []string{"x", "1-1", "x 1 a 1 1", "1-1 x a 1 1 1", "1-1 1 a -1 1 1", "1-1 1 a 1 1", "- 1 a 1 1 1", "+ 1 a 1 1 1"} {
		if _, err := l.Verify(t.Context(), cursor); err == nil || oauth.AsError(err).Code != oauth.InvalidRequest {
			t.Errorf("the cursor %q: %v", cursor, err)
		}
	}
}
