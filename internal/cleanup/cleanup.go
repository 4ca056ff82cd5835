package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options make a Cleanup; all are required.
type Options struct {
	Sweeps   store.Sweeps
	Users    store.Users
	Clients  store.Clients
	Consents store.Consents
	Events   event.Sink
	Now      func() time.Time
	Holder   string // this daemon; random
}

// Cleanup sweeps. It is safe for concurrent use.
type Cleanup struct{ o Options }

// New makes a Cleanup.
func New(o Options) *Cleanup { return &Cleanup{o: o} }

// Report is what a sweep did.
type Report struct {
	Ran     bool // false when another daemon is at it, or it was done a short time ago
	Users   int  // looked at by this daemon
	Removed int
}

// The steps of a sweep.
const (
	task = "cleanup"
	step = 50          // users between two marks
	hold = time.Minute // what one step may take at most
)

// Run sweeps, unless that was done less than every ago; 0 does it now. After an error it is not
// completed: the next one goes on from where it stopped.
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

// errLost says that another daemon took over, because this one was silent for too long.
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

// tidy looks after the lists of one user. What is known of clients is kept in gone.
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
