package backup

import (
	"context"
	"time"
)

// Installation describes the Redis that an archive is restored into.
type Installation struct {
	Mode    string // standalone, sentinel or cluster
	Issuer  string // the owner of the records; "" while there is none
	Memory  int64  // that Redis may use, in bytes; 0: there is no limit
	Redis   string // the version of Redis
	Servers []string
}

// Target is the Redis that an archive is restored into.
type Target interface {
	// Describe returns what is known about it.
	Describe(ctx context.Context) (Installation, error)

	// Scan calls use for every key of the database. A key that is written meanwhile may be left out, and a key may come
	// twice.
	Scan(ctx context.Context, use func(key []byte) error) error

	// Values returns the values of some keys, in the form that Put takes; nil for a key that does not exist.
	Values(ctx context.Context, keys [][]byte) ([][]byte, error)

	// Equal reports whether two values in this form are the same.
	Equal(a, b []byte) bool

	// TryHash writes a value to a key of its own, which is removed again, and returns its fields if it is a hash. The
	// error shows that Redis does not take values of this form.
	TryHash(ctx context.Context, r Record, value []byte) (map[string]string, error)

	// Load begins to write.
	Load(ctx context.Context) (Loader, error)
}

// Loader writes records, for one goroutine. An error may come later than the record that it is about, at the latest from
// Finish.
type Loader interface {
	// Put replaces a record.
	Put(r Record, value []byte) error

	// PutStream replaces a record whose value is size bytes long; chunks passes it on in parts.
	PutStream(r Record, size int64, chunks func(use func([]byte) error) error) error

	// Remove deletes a record.
	Remove(key []byte) error

	// Increment adds 1 to a number.
	Increment(key []byte) error

	// Finish returns after every change was made and every replica that is connected has it.
	Finish(ctx context.Context) error

	// Close ends the connections.
	Close()
}

// DataVersions are the layouts of records that this program reads.
type DataVersions struct{ Oldest, Newest int }

// RestoreOptions describe a restore.
type RestoreOptions struct {
	Kind    Kind
	From    Destination
	Name    string // of the archive
	Key     Key
	To      Target
	Part    Part
	Issuer  string // of the installation, by its settings; "" takes what Redis says
	Earlier string // the earlier issuer of the installation, by its settings; "": it had none
	Version string // of this program
	Accept  string // the version of another program whose archive is accepted
	Data    DataVersions

	DryRun      bool // compare, and change nothing
	KeepSignIns bool // do not raise the epoch: for a move, where nothing was revoked since the backup

	CheckRing func(used, lost map[string]string) error // refuses a key ring that cannot be used, or not instead of another; nil: it is not checked
	Raise     func(ctx context.Context, before time.Time) error
	Confirm   func(Plan) (bool, error) // is called before the first change
	Now       func() time.Time
	Progress  func(Progress) // is called every thousand records; nil: never
}

// Plan describes the changes of a restore.
type Plan struct {
	Name     string // of the archive
	Manifest Manifest
	Part     Part
	Changes  []Change // by kind of record, ordered by name
	Expired  int64    // records that ended since the backup, which are left out
	People   int64    // people signed in now or at the time of the backup: they must sign in again
	Compared bool     // values were compared: by a dry run
	Named    []Named  // the clients and users that change; filled by a dry run
	Done     bool     // the changes were made
}

// Change counts the records of one kind.
type Change struct {
	Kind    string `json:"kind"`
	Add     int64  `json:"add"`
	Replace int64  `json:"replace"`
	Same    int64  `json:"same"` // of Replace, have the same value already; filled by a dry run
	Remove  int64  `json:"remove"`
	Keep    int64  `json:"keep"` // stay as they are, although the archive has another value
}

// Named is a client or a user that changes.
type Named struct {
	Kind string `json:"kind"` // client or user
	ID   string `json:"id"`
	Does string `json:"change"` // add, replace or remove
}
