package cleanup_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cleanup"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// place is everything a sweep looks at, over one embedded Redis.
type place struct {
	users    store.Users
	clients  store.Clients
	grants   store.Grants
	consents store.Consents
	sweeps   *breaking
	now      time.Time

	mu    sync.Mutex
	facts []event.Event
}

// breaking fails from some Tidy on, as a daemon that stops does.
type breaking struct {
	store.Sweeps
	left int // Tidies until it fails; negative means never
}

var errStopped = errors.New("stopped")

func (b *breaking) Tidy(ctx context.Context, user oauth.UserID, now time.Time) (int, error) {
	if b.left == 0 {
		return 0, errStopped
	}
	b.left--
	return b.Sweeps.Tidy(ctx, user, now)
}

func (p *place) Emit(_ context.Context, e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.facts = append(p.facts, e)
}

func newPlace(t *testing.T) *place {
	t.Helper()
	db := roomtest.Open(t, redisconn.Options{})
	return &place{
		users: redisstore.NewUsers(db), clients: redisstore.NewClients(db), grants: redisstore.NewGrants(db),
		consents: redisstore.NewConsents(db), sweeps: &breaking{redisstore.NewSweeps(db), -1}, now: time.Now(),
	}
}

func (p *place) daemon(holder string) *cleanup.Cleanup {
	return cleanup.New(cleanup.Options{
		Sweeps: p.sweeps, Users: p.users, Clients: p.clients, Consents: p.consents, Events: p,
		Now: func() time.Time { return p.now }, Holder: holder,
	})
}

// user adds a user with a dead grant, a live one, and consents to a client that is there and one
// that is not.
func (p *place) user(t *testing.T, n int) oauth.UserID {
	t.Helper()
	id := oauth.UserID(fmt.Sprintf("7d44f3f0-0000-4000-8000-%012d", n))
	_, err := p.users.Put(t.Context(), oauth.Account{User: oauth.User{ID: id, Name: fmt.Sprint("name ", n)}})
	ok(t, err)
	born := p.now.Add(-2 * time.Hour)
	for _, random := range []string{"live", "dead"} {
		ok(t, p.grants.Create(t.Context(), oauth.Grant{
			Ref: oauth.NewGrantID(id, "root", []byte(random)).Ref(), User: id, Client: "here", Born: born, Expires: born.Add(5 * time.Hour), End: born.Add(5 * time.Hour),
		}))
	}
	ok(t, p.grants.Kill(t.Context(), oauth.NewGrantID(id, "root", []byte("dead")).Ref()))
	for _, client := range []oauth.ClientID{"here", "gone"} {
		_, err := p.consents.Give(t.Context(), id, oauth.Consent{Client: client, Given: p.now}, p.now)
		ok(t, err)
	}
	return id
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASweepTakesOutWhatIsOver(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_, err := p.clients.Put(t.Context(), oauth.Client{ID: "here"})
	ok(t, err)
	const users = 120 // more than two steps
	var ids []oauth.UserID
	for n := range users {
		ids = append(ids, p.user(t, n))
	}
	report, err := p.daemon("a").Run(t.Context(), 5*time.Minute)
	if want := (cleanup.Report{Ran: true, Users: users, Removed: 2 * users}); err != nil || report != want {
		t.Errorf("%+v %v", report, err)
	}
	for _, id := range ids {
		consents, err := p.consents.Given(t.Context(), id)
		if err != nil || len(consents) != 1 || consents[0].Client != "here" {
			t.Fatalf("%v %v", consents, err)
		}
		page, err := p.grants.OfUser(t.Context(), store.GrantQuery{User: id, Limit: 10})
		if err != nil || len(page.Grants) != 1 {
			t.Fatalf("%v %v", page.Grants, err)
		}
	}
	for _, c := range []struct {
		after, every time.Duration
		ran          bool
	}{{0, 5 * time.Minute, false}, {5 * time.Minute, 5 * time.Minute, true}, {time.Second, 0, true}} {
		p.now = p.now.Add(c.after)
		report, err := p.daemon("b").Run(t.Context(), c.every)
		if err != nil || report.Ran != c.ran || report.Removed != 0 {
			t.Errorf("after %v more: %+v %v", c.after, report, err)
		}
	}
}

// A daemon that stops in the middle leaves the rest to another, which begins where it stopped.
func TestAnotherDaemonGoesOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for n := range 120 {
		p.user(t, n)
	}
	p.sweeps.left = 75
	report, err := p.daemon("a").Run(t.Context(), 5*time.Minute)
	if !errors.Is(err, errStopped) || oauth.AsError(err).Code != oauth.TemporarilyUnavailable || report.Users != 76 {
		t.Errorf("%+v %v", report, err)
	}
	p.sweeps.left = -1
	if report, err := p.daemon("b").Run(t.Context(), 5*time.Minute); err != nil || report.Ran {
		t.Errorf("while the first may still be at it: %+v %v", report, err)
	}
	p.now = p.now.Add(time.Minute)
	report, err = p.daemon("b").Run(t.Context(), 5*time.Minute)
	if err != nil || !report.Ran || report.Users != 70 {
		t.Errorf("%+v %v", report, err)
	}
	if len(p.facts) != 2 || p.facts[0].(event.CleanupRan).Result != "failed" || p.facts[1].(event.CleanupRan).Result != "completed" {
		t.Errorf("%+v", p.facts)
	}
}

func TestOfManyDaemonsOneSweeps(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.user(t, 1)
	var mu sync.Mutex
	var crowd sync.WaitGroup
	ran := 0
	for i := range 20 {
		crowd.Go(func() {
			report, err := p.daemon(fmt.Sprint(i)).Run(t.Context(), 5*time.Minute)
			if err != nil {
				t.Errorf("%v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if report.Ran {
				ran++
			}
		})
	}
	crowd.Wait()
	if ran != 1 {
		t.Errorf("%d daemons swept", ran)
	}
}
