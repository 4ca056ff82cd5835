// Package audit owns the audit log: every fact of internal/event with its time and origin, as lines of
// JSON for a collector and as a capped, chained log in the store, which can be searched and verified.
//
// Telling the log costs a request one place in a bounded queue; everything else happens behind it. When
// facts come faster than they can be written they are dropped, counted, and the count becomes an entry.
//
// The entries in the store are numbered and form one chain for all servers: each carries the hash of the
// one before it, and its own hash is a MAC under a key that the store does not know. A sealed head says
// where the chain ends and how many entries must be there. So whoever can write to the store, but has no key
// of the server, cannot remove, change, add or reorder entries unseen.
package audit
