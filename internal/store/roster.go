package store

import (
	"context"
	"time"
)

// Note holds the facts that a daemon records about itself and its secrets.
type Note struct {
	Daemon string        // its id
	Entry  []byte        // what others may read about it
	Seen   []string      // names of secrets that it uses; a new secret has a new name
	Forget time.Duration // entries of other daemons that are older are removed
}

// Roster lists the running daemons, and since when each secret is known, in auth:daemons.
type Roster struct {
	Entries map[string]RosterEntry // by the id of a daemon
	Since   map[string]time.Time   // by the name of a secret: when it was first seen
	Changed map[string]time.Time   // by a user of Redis: when its password was last changed by apply-passwords.sh
}

// RosterEntry is the last note of a daemon.
type RosterEntry struct {
	At    time.Time
	Entry []byte
}

// Rosters holds the roster.
type Rosters interface {
	// Note replaces the entry of a daemon, and records now for each secret that was never seen before. Concurrent callers
	// keep one another's entries; a secret keeps the first time. Redone by the next call after a loss.
	Note(ctx context.Context, n Note, now time.Time) error

	// Roster reads everything, of one moment.
	Roster(ctx context.Context) (Roster, error)
}
