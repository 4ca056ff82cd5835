package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Sweeps grants one daemon at a time the right to do a task for all of them, auth:lease:<task>, and shortens the lists
// that a time to live alone does not keep short.
type Sweeps interface {
	// Claim grants the right to do a task until now+Hold, and returns where the last holder stopped. Of any number of
	// concurrent callers exactly one gets it, and none does when the task was completed less than Every ago. A holder
	// that claims again prolongs the right. Expendable.
	Claim(ctx context.Context, c Claim, now time.Time) (cursor string, ok bool, err error)

	// Mark records how far the task got and prolongs the right; an empty cursor completes the task and ends the right.
	// It returns false, and changes nothing, when another holder has the right by now: of the old and the new holder
	// only the new one's mark counts. Expendable.
	Mark(ctx context.Context, c Claim, cursor string, now time.Time) (bool, error)

	// Tidy removes the entries of a user's lists that are over: dead grants, and sessions an hour after their end. Then
	// it drops the endings of single browsers and clients, an hour after each at the earliest, as far as everything
	// that they ended is deleted. The store's own clock judges, so that the clock of the calling daemon does not
	// matter. It returns how many entries it removed.
	//
	// A record that a concurrent caller is creating is never taken for dead. Of concurrent callers for one user each
	// may count an entry that several of them found; together they leave the same as one. Expendable.
	Tidy(ctx context.Context, user oauth.UserID, now time.Time) (int, error)
}

// Claim names a task and the daemon that wants to do it.
type Claim struct {
	Task   string // letters and _
	Holder string // the daemon; random
	Every  time.Duration
	Hold   time.Duration
}
