package store

import (
	"context"
	"time"
)

// BackupKind names the data that a backup contains.
type BackupKind string

// The kinds.
const (
	BackupAuth  BackupKind = "auth"  // the authorization state
	BackupCache BackupKind = "cache" // the services' cache
)

// BackupRecord describes the last successful backup of a kind.
type BackupRecord struct {
	Kind BackupKind
	At   time.Time // when its data was read, exact to a millisecond
	Size int64     // of the archive, in bytes
}

// Backups holds the last successful backup of each kind, auth:backup:<kind>, so that every daemon can report its age.
type Backups interface {
	// Record records a successful backup. Of any number of concurrent callers the latest backup stays: an earlier one
	// than the recorded one changes nothing; the error is nil then, too.
	Record(ctx context.Context, b BackupRecord) error

	// Last returns the last backup of each kind that has one, in the order of the kinds above.
	Last(ctx context.Context) ([]BackupRecord, error)
}
