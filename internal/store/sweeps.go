package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Sweeps lets one daemon at a time do what has to be done for all of them, auth:lease:<task>, and
// tidies the lists that a time to live alone does not keep short.
type Sweeps interface {
	// Claim grants the right to do a task until now+Hold, and returns where the last holder stopped. Of any
	// number of concurrent callers one gets it; nobody does while the task was completed less than
	// Every ago. A holder who claims again prolongs the right. Expendable.
	Claim(ctx context.Context, c Claim, now time.Time) (cursor string, ok bool, err error)

	// Mark remembers how far the task got and prolongs the right; an empty cursor completes the task
	// and gives up the right. False when another holder has it by now. Expendable.
	Mark(ctx context.Context, c Claim, cursor string, now time.Time) (bool, error)

	// Tidy takes out of a user's lists what is over: dead grants, and sessions an hour after their end. Then
	// it forgets the endings of single browsers and clients, an hour after each at the earliest, as far as
	// everything that they ended is deleted. What is being made at this moment is never taken for dead. The
	// store's own clock judges, so that the clock of the calling daemon does not matter. It returns how
	// many it took out. Expendable.
	Tidy(ctx context.Context, user oauth.UserID, now time.Time) (int, error)
}

// Claim is one daemon's wish to do a task.
type Claim struct {
	Task   string // letters and _
	Holder string // this daemon; random
	Every  time.Duration
	Hold   time.Duration
}
