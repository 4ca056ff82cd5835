package store

import "context"

// Audit holds the audit log, the capped stream auth:audit, and its head, auth:audit:head, which marks the end of the
// log. The caller decides what entries and head mean, and how they are chained.
type Audit interface {
	// Append adds entries at the end, all or none, makes a.Head the head, drops the oldest entries until at most a.Keep
	// are left, and returns the place of the last one. When the head is not a.Was any more it returns Conflict and
	// changes nothing. Of any number of concurrent callers that read one head exactly one succeeds. Durable.
	Append(ctx context.Context, a AuditAppend) (place string, err error)

	// End reads the head and the number of entries, in one round trip.
	End(ctx context.Context) (AuditEnd, error)

	// Read returns entries in the order of their places; none when there are no more. Concurrent appends change neither
	// the places nor the content of earlier entries; they may drop the oldest ones.
	Read(ctx context.Context, r AuditRange) ([]AuditEntry, error)
}

// AuditEntry is one entry of the audit log.
type AuditEntry struct {
	Place    string // made by the store, such as 1767225660000-0: milliseconds, then a number. Places only grow.
	Seq      uint64 // the number of the entry, counted from 1
	Key      string // the id of the key behind Hash
	Previous string // the hash of the entry before
	Hash     string
	Body     []byte
}

// AuditAppend holds what Append adds. Places are left empty.
type AuditAppend struct {
	Was, Head string // the head as it was read, empty when there was none, and the new one
	Entries   []AuditEntry
	Keep      int // at least 1
}

// AuditEnd is the end of the log; zero when nothing was ever written.
type AuditEnd struct {
	Head  string
	Last  string // the place of the last entry; empty when there are none
	Count int
}

// AuditRange selects entries.
type AuditRange struct {
	Since  int64  // milliseconds; entries that were written earlier are left out; 0 leaves out none
	After  string // a place: entries behind it, or with Newest those in front of it; empty: from the end of the log
	Newest bool   // the newest first
	Limit  int
}
