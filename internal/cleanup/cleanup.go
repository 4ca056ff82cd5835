package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options configure a Cleanup; all are required.
type Options struct {
	Sweeps   store.Sweeps
	Users    store.Users
	Clients  store.Clients
	Consents store.Consents
	Events   event.Sink
	Now      func() time.Time
	Holder   string // names this daemon; random
}

// Cleanup removes the records that do not expire by themselves. It is safe for concurrent use.
type Cleanup struct{ o Options }

// New returns a Cleanup.
func New(o Options) *Cleanup { return &Cleanup{o: o} }

// Report counts the work of one sweep.
type Report struct {
	Ran     bool // false when another daemon sweeps, or a sweep was completed a short time ago
	Users   int  // whose lists this daemon has tidied
	Removed int
}

// The steps of a sweep.
const (
	task = "cleanup"
	step = 50          // users between two marks
	hold = time.Minute // bounds one step
)

// Run sweeps, unless a sweep was completed less than every ago; 0 sweeps now. Of concurrent daemons one sweeps. A sweep
// with an error is not completed: the next one continues where it stopped.
func (c *Cleanup) Run(ctx context.Context, every time.Duration) (Report, error) {
	claim := store.Claim{Task: task, Holder: c.o.Holder, Every: every, Hold: hold}
	cursor, ok, err := c.o.Sweeps.Claim(ctx, claim, c.o.Now())
	if err != nil || !ok {
		return Report{}, asked(err)
	}
	r := Report{Ran: true}
	err = c.sweep(ctx, claim, oauth.UserID(cursor), &r)
	fact := event.CleanupRan{Result: "completed", Users: r.Users, Removed: r.Removed}
	if err != nil {
		fact.Result = "failed"
	}
	c.o.Events.Emit(ctx, fact)
	return r, asked(err)
}

// errLost means that another daemon took over, because one step of this one took too long.
var errLost = errors.New("another daemon goes on with the cleanup")

func (c *Cleanup) sweep(ctx context.Context, claim store.Claim, after oauth.UserID, r *Report) error {
	gone := map[oauth.ClientID]bool{}
	for {
		users, err := c.o.Users.List(ctx, after, step)
		if err != nil {
			return err
		}
		for _, user := range users {
			if err := c.tidy(ctx, user, gone, r); err != nil {
				return err
			}
		}
		if len(users) > 0 {
			after = users[len(users)-1]
		} else {
			after = ""
		}
		mine, err := c.o.Sweeps.Mark(ctx, claim, string(after), c.o.Now())
		switch {
		case err != nil:
			return err
		case !mine:
			return errLost
		case after == "":
			return nil
		}
	}
}

// tidy tidies the lists of one user. gone caches which clients are not registered any more.
func (c *Cleanup) tidy(ctx context.Context, user oauth.UserID, gone map[oauth.ClientID]bool, r *Report) error {
	r.Users++
	removed, err := c.o.Sweeps.Tidy(ctx, user, c.o.Now())
	r.Removed += removed
	if err != nil {
		return err
	}
	consents, err := c.o.Consents.Given(ctx, user)
	if err != nil {
		return err
	}
	for _, consent := range consents {
		if _, known := gone[consent.Client]; !known {
			_, err := c.o.Clients.Get(ctx, consent.Client)
			if err != nil && !errors.Is(err, store.Absent) {
				return err
			}
			gone[consent.Client] = err != nil
		}
		if !gone[consent.Client] {
			continue
		}
		if err := c.o.Consents.Withdraw(ctx, user, consent.Client); err != nil {
			return err
		}
		r.Removed++
	}
	return nil
}

func asked(err error) error {
	if err == nil {
		return nil
	}
	return oauth.Unavailable(err)
}
