package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// pepper is a ring with two keys, of which one serves.
type pepper struct{ id string }

func (p pepper) Pepper() (string, oauth.MACKey) { return p.id, p.PepperOf(p.id) }

func (pepper) PepperOf(id string) oauth.MACKey {
	return map[string]oauth.MACKey{"p1": secret.NewMACKey([]byte("the first key")), "p2": secret.NewMACKey([]byte("the second key"))}[id]
}

// page is a buffer that a test reads while others write.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Split(strings.TrimSpace(p.text.String()), "\n")
}

func embedded(t *testing.T) store.Audit {
	t.Helper()
	return serverstore.NewAudit(roomtest.Open(t, redisconn.Options{}))
}

// began starts a log that the test's end stops.
func began(t *testing.T, o audit.Options) *audit.Log {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Linger = time.Millisecond
	l := audit.New(o)
	l.Start(pepper{"p1"})
	t.Cleanup(func() { stop(t, l) })
	return l
}

func stop(t *testing.T, l *audit.Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := l.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func sync1(t *testing.T, l *audit.Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := l.Sync(ctx); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, l *audit.Log, q audit.Query) []audit.Entry {
	t.Helper()
	var all []audit.Entry
	for {
		p, err := l.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Items...)
		if q.Cursor = p.Next; q.Cursor == "" {
			return all
		}
	}
}

// verify reads the whole log, stretch by stretch.
func verify(t *testing.T, l *audit.Log) audit.Report {
	t.Helper()
	var whole audit.Report
	for {
		r, err := l.Verify(t.Context(), whole.Next)
		if err != nil {
			t.Fatal(err)
		}
		if whole.Entries == 0 {
			whole.First = r.First
		}
		if r.Entries > 0 {
			whole.Last = r.Last
		}
		whole.Entries, whole.Faults, whole.Next = whole.Entries+r.Entries, append(whole.Faults, r.Faults...), r.Next
		if r.Next == "" {
			return whole
		}
	}
}

// sound fails when the log is not whole.
func sound(t *testing.T, l *audit.Log, entries int) {
	t.Helper()
	if r := verify(t, l); !r.Sound() || r.Entries != entries {
		t.Fatalf("want %d sound entries: %+v", entries, r)
	}
}

func TestAFactIsRecordedWhole(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC)
	lines := &page{}
	l := began(t, audit.Options{Store: embedded(t), Keep: 10, Lines: lines, Now: func() time.Time { return now }})
	ctx := event.WithOrigin(t.Context(), event.Origin{RequestID: "REQUEST", IP: "192.0.2.7", UserAgent: "an agent\n\x00"})
	l.Emit(ctx, event.TokenIssued{Client: "web", User: "u1", GrantType: "refresh_token", Scope: oauth.Scopes{"read"}, Format: "jwt", Grant: "ref"})
	l.Emit(t.Context(), event.TokenRevoked{By: "operator", Client: "web", Revoked: event.RevokedClient})
	sync1(t, l)
	got := query(t, l, audit.Query{OldestFirst: true})
	if len(got) != 2 || got[0].ID == "" || got[0].Writer == "" || len(got[0].Hash) != 43 || got[1].Previous != got[0].Hash || got[1].Seq != 2 {
		t.Fatalf("%+v", got)
	}
	first := got[0].Fact
	first.Writer = ""
	want := audit.Fact{
		At: now, Event: "token.issued", Outcome: "done", Subject: "u1", Client: "web", IP: "192.0.2.7", UserAgent: "an agent\n\x00", RequestID: "REQUEST",
		Details: map[string]any{"grant_type": "refresh_token", "scope": "read", "format": "jwt", "grant": "ref", "refresh": false},
	}
	if fmt.Sprint(first) != fmt.Sprint(want) {
		t.Errorf("\n got  %+v\n want %+v", first, want)
	}
	if got[1].Actor != "operator" || got[1].Client != "web" || got[1].Details["revoked"] != "client" || got[1].IP != "" {
		t.Errorf("%+v", got[1])
	}
	var line audit.Fact
	if texts := lines.lines(); len(texts) != 2 || json.Unmarshal([]byte(texts[0]), &line) != nil || fmt.Sprint(line) != fmt.Sprint(got[0].Fact) {
		t.Errorf("lines %q", texts)
	}
	sound(t, l, 2)
}

func TestRoutineIsASetting(t *testing.T) {
	t.Parallel()
	for routine, want := range map[bool]int{false: 1, true: 4} {
		l := began(t, audit.Options{Store: embedded(t), Keep: 10, Routine: routine})
		l.Emit(t.Context(), event.TokenIntrospected{Active: true})
		l.Emit(t.Context(), event.ClientAuthenticated{Client: "c"})
		l.Emit(t.Context(), event.CredentialPresented{Verdict: "advanced"})
		l.Emit(t.Context(), event.CredentialPresented{Verdict: "unknown"}) // no other fact records it
		sync1(t, l)
		sound(t, l, want)
	}
}

// One chain for all servers, whose numbers have no gap, while they write at the same time; and the length
// of the log is kept.
func TestServersShareOneChain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}}
	const servers, each, keep = 4, 500, 700
	var all sync.WaitGroup
	logs := make([]*audit.Log, servers)
	for i := range logs {
		logs[i] = began(t, audit.Options{Store: serverstore.NewAudit(roomtest.Open(t, o)), Keep: keep})
		all.Go(func() {
			for n := range each {
				logs[i].Emit(context.Background(), event.LoginSucceeded{User: oauth.UserID(fmt.Sprint(i, "-", n))})
				if n%100 == 0 {
					_ = logs[i].Sync(context.Background())
				}
			}
		})
	}
	all.Wait()
	for _, l := range logs {
		sync1(t, l)
	}
	sound(t, logs[0], keep)
	if r := verify(t, logs[1]); r.First != servers*each-keep+1 || r.Last != servers*each {
		t.Errorf("%+v", r)
	}
	seen := map[string]int{}
	for _, e := range query(t, logs[2], audit.Query{OldestFirst: true, Limit: 64}) {
		var i, n int
		if _, err := fmt.Sscanf(e.Subject, "%d-%d", &i, &n); err != nil || n < seen[e.Writer] {
			t.Fatalf("%s after %d of the same server: %v", e.Subject, seen[e.Writer], err)
		}
		seen[e.Writer] = n
	}
	if len(seen) < 2 { // 700 are more than one server wrote
		t.Errorf("entries of %d servers", len(seen))
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	l := began(t, audit.Options{Store: embedded(t), Keep: 1000, Now: func() time.Time { now = now.Add(time.Second); return now }})
	begin := now
	for i := range 20 {
		l.Emit(t.Context(), event.LoginFailed{User: oauth.UserID(fmt.Sprint("u", i%2))})
		l.Emit(t.Context(), event.ConsentGiven{User: "u1", Client: oauth.ClientID(fmt.Sprint("c", i%4))})
	}
	l.Emit(t.Context(), event.TokenRevoked{By: "u0", User: "u7"})
	sync1(t, l)
	for name, c := range map[string]struct {
		q    audit.Query
		want int
	}{
		"everything":       {audit.Query{}, 41},
		"about a user":     {audit.Query{Filter: audit.Filter{Subject: "u1"}}, 30},
		"caused by a user": {audit.Query{Filter: audit.Filter{Subject: "u0"}}, 11},
		"about a client":   {audit.Query{Filter: audit.Filter{Subject: "c2"}}, 5},
		"with a client":    {audit.Query{Filter: audit.Filter{Client: "c2"}}, 5},
		"of two kinds":     {audit.Query{Filter: audit.Filter{Events: []string{"token.revoked", "login.failed"}}}, 21},
		"from":             {audit.Query{Filter: audit.Filter{From: begin.Add(40 * time.Second)}}, 2},
		"to":               {audit.Query{Filter: audit.Filter{To: begin.Add(3 * time.Second)}}, 2},
		"between":          {audit.Query{Filter: audit.Filter{From: begin.Add(2 * time.Second), To: begin.Add(4 * time.Second)}}, 2},
		"all at once":      {audit.Query{Filter: audit.Filter{Subject: "u1", Client: "c0", Events: []string{"consent.given"}, From: begin.Add(3 * time.Second)}}, 4},
		"nothing":          {audit.Query{Filter: audit.Filter{Subject: "nobody"}}, 0},
	} {
		for _, oldest := range []bool{false, true} {
			for _, limit := range []int{0, 1, 3, 200} {
				c.q.OldestFirst, c.q.Limit = oldest, limit
				got := query(t, l, c.q)
				sorted := slices.IsSortedFunc(got, func(a, b audit.Entry) int {
					if oldest {
						return a.At.Compare(b.At)
					}
					return b.At.Compare(a.At)
				})
				if len(got) != c.want || !sorted {
					t.Errorf("%s, limit %d: %d entries, want %d; sorted %v", name, limit, len(got), c.want, sorted)
				}
			}
		}
	}
	for _, cursor := range []string{"x", "-", "1-", "-1", "1-2-3", "1", "1-x", strings.Repeat("1", 30) + "-1"} {
		if _, err := l.Query(t.Context(), audit.Query{Cursor: cursor}); err == nil {
			t.Errorf("the cursor %q was taken", cursor)
		}
	}
}

// A server notices by itself that what it wrote is gone, also when the head is one that was sealed once.
func TestF_S23_ARollbackIsNoticedAlsoBeforeTheNextWrite(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := server.Admin(t)
	db := roomtest.Open(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})
	own := &roomtest.Events{}
	l := began(t, audit.Options{Store: serverstore.NewAudit(db), Keep: 100, Own: own})
	l.Emit(t.Context(), event.LoginSucceeded{User: "u1"})
	sync1(t, l)
	dump := admin.Dump(t.Context(), "auth:audit").Val()
	head := admin.Get(t.Context(), "auth:audit:head").Val()
	l.Emit(t.Context(), event.LoginSucceeded{User: "u2"})
	sync1(t, l)
	admin.RestoreReplace(t.Context(), "auth:audit", 0, dump)
	admin.Set(t.Context(), "auth:audit:head", head, 0)
	sound(t, began(t, audit.Options{Store: serverstore.NewAudit(db), Keep: 100}), 1) // nobody who only reads the log can know
	// S23: the server that wrote number 2 does.
	if r := verify(t, l); r.Sound() || r.Faults[0].Seq != 2 {
		t.Errorf("the server that wrote more calls it sound: %+v", r)
	}
	l.Emit(t.Context(), event.LoginSucceeded{User: "u3"})
	sync1(t, l)
	sync1(t, l) // the writer itself emitted the fact
	if want := []event.Event{event.AuditBroken{Known: 2, Found: 1}}; !slices.Equal(own.Emitted(), want) {
		t.Errorf("%v, want %v", own.Emitted(), want)
	}
	if r := verify(t, l); r.Sound() || r.Entries != 3 {
		t.Errorf("%+v", r)
	}
}

// shaky is a store whose answers get lost.
type shaky struct {
	store.Audit
	mu    sync.Mutex
	fails func(done bool) bool // before the append, and after it
	away  chan struct{}        // closed when it may be asked; nil: always
}

func (s *shaky) Append(ctx context.Context, a store.AuditAppend) (string, error) {
	if s.away != nil {
		select {
		case <-s.away:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil && s.fails(false) {
		return "", errors.New("not sent")
	}
	place, err := s.Audit.Append(ctx, a)
	if s.fails != nil && s.fails(true) {
		return "", errors.New("the answer got lost")
	}
	return place, err
}

// Whatever becomes of an answer, every fact is in the log once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	under := embedded(t)
	n := 0
	lossy := &shaky{Audit: under, fails: func(bool) bool { n++; return n%5 == 1 || n%3 == 0 }}
	l := began(t, audit.Options{Store: lossy, Keep: 1000})
	other := began(t, audit.Options{Store: under, Keep: 1000})
	const facts = 30
	for i := range facts {
		l.Emit(t.Context(), event.LoginSucceeded{User: oauth.UserID(fmt.Sprint("u", i))})
		other.Emit(t.Context(), event.LoginFailed{User: "o"})
		if i%3 == 0 {
			sync1(t, l)
			sync1(t, other)
		}
	}
	sync1(t, l)
	sync1(t, other)
	sound(t, other, 2*facts)
	for i, e := range query(t, other, audit.Query{OldestFirst: true, Filter: audit.Filter{Events: []string{"login.succeeded"}}}) {
		if e.Subject != fmt.Sprint("u", i) {
			t.Fatalf("fact %d is about %s", i, e.Subject)
		}
	}
}

// Facts beyond the queue are dropped at once, counted and reported; lines are written while the store does not answer.
func TestDrops(t *testing.T) {
	t.Parallel()
	lines, own := &page{}, &roomtest.Events{}
	gone := &shaky{Audit: embedded(t), away: make(chan struct{})}
	l := audit.New(audit.Options{Store: gone, Keep: 1000, Lines: lines, Own: own, Queue: 10, Now: time.Now, Linger: time.Millisecond})
	t.Cleanup(func() { stop(t, l) })
	for i := range 25 { // nobody writes yet
		l.Emit(t.Context(), event.LoginSucceeded{User: oauth.UserID(fmt.Sprint("u", i))})
	}
	l.Start(pepper{"p1"})
	redistest.Eventually(t, 30*time.Second, "the lines are written", func() bool { return len(lines.lines()) == 11 })
	if facts := own.Emitted(); len(facts) == 0 || facts[0] != (event.AuditDropped{Count: 15}) { // perhaps more, later, for the store
		t.Errorf("told %v", facts)
	}
	for i := range 600 { // the store is away; what waits for it fills up
		l.Emit(t.Context(), event.LoginFailed{User: oauth.UserID(fmt.Sprint("u", i))})
		redistest.Eventually(t, 30*time.Second, "the line is written", func() bool { return len(lines.lines()) == 12+i })
	}
	close(gone.away)
	sync1(t, l)
	l.Emit(t.Context(), event.LoginFailed{User: "after"})
	sync1(t, l)
	var there, told int
	for _, e := range query(t, l, audit.Query{}) {
		if e.Event == "audit.dropped" {
			told += int(e.Details["count"].(float64))
		} else {
			there++
		}
	}
	if there+told != 25+601 || told <= 15 || l.Dropped() != int64(told) {
		t.Errorf("%d entries and %d told as dropped, of 626; counted %d", there, told, l.Dropped())
	}
	sum := 0
	for _, e := range own.Emitted() {
		sum += e.(event.AuditDropped).Count
	}
	if sum != told {
		t.Errorf("%d told to the counters, want %d", sum, told)
	}
	if r := verify(t, l); !r.Sound() {
		t.Errorf("%+v", r)
	}
}

// Emit takes hardly any time and memory, whatever becomes of the fact.
func TestEmitNeverWaits(t *testing.T) {
	l := audit.New(audit.Options{Now: time.Now, Queue: 4}) // never started: the queue is full after four
	ctx := event.WithOrigin(t.Context(), event.Origin{RequestID: "x"})
	var fact event.Event = event.TokenIssued{Client: "c"}
	if n := testing.AllocsPerRun(1000, func() { l.Emit(ctx, fact) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A stop writes what waits; one that may not wait says so and ends.
func TestStop(t *testing.T) {
	t.Parallel()
	under := embedded(t)
	l := began(t, audit.Options{Store: under, Keep: 1000})
	for range 600 {
		l.Emit(t.Context(), event.LoginSucceeded{})
	}
	stop(t, l)
	sound(t, l, 600)

	gone := &shaky{Audit: under, away: make(chan struct{})}
	own := &roomtest.Events{}
	late := audit.New(audit.Options{Store: gone, Keep: 10, Now: time.Now, Own: own})
	late.Start(pepper{"p1"})
	late.Emit(t.Context(), event.LoginSucceeded{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := late.Stop(ctx); err == nil || late.Dropped() != 1 {
		t.Errorf("stop: %v, %d dropped", err, late.Dropped())
	}
}

// A key that has retired still verifies; entries and head under another one go on with the same chain.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	under := embedded(t)
	for _, id := range []string{"p1", "p2"} {
		l := audit.New(audit.Options{Store: under, Keep: 10, Now: time.Now})
		l.Start(pepper{id})
		l.Emit(t.Context(), event.LoginSucceeded{User: oauth.UserID(id)})
		stop(t, l)
		if id == "p2" {
			sound(t, l, 2)
		}
	}
}

// The length may change from one start to the next without anything seeming lost.
func TestTheLengthChanges(t *testing.T) {
	t.Parallel()
	under := embedded(t)
	for _, c := range []struct{ keep, there int }{{10, 10}, {4, 4}, {30, 24}, {30, 30}} {
		l := audit.New(audit.Options{Store: under, Keep: c.keep, Now: time.Now})
		l.Start(pepper{"p1"})
		for range 20 {
			l.Emit(t.Context(), event.LoginSucceeded{})
		}
		stop(t, l)
		sound(t, l, c.there)
	}
}

func BenchmarkEmit(b *testing.B) {
	l := audit.New(audit.Options{Now: time.Now, Lines: new(page)})
	l.Start(pepper{"p1"})
	ctx := event.WithOrigin(b.Context(), event.Origin{RequestID: "7Q2M5XKJ3ZVD4NCT6YPRWB8HGA", IP: "192.0.2.7", UserAgent: "agent"})
	b.ReportAllocs()
	for b.Loop() {
		l.Emit(ctx, event.TokenIssued{Client: "web", User: "u1", GrantType: "refresh_token", Scope: oauth.Scopes{"read"}, Format: "jwt", Grant: "ref"})
	}
}
