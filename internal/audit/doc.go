// Package audit owns the audit log: every fact of internal/event with its time and origin, as lines of JSON for a
// collector and as a capped, chained log in the store, which can be searched and verified.
//
// A fact costs its request one place in a bounded queue; everything else happens behind it. Facts that come faster
// than they can be written are dropped and counted, and the count becomes an entry.
//
// The entries in the store are numbered and form one chain for all servers: each holds the hash of the one before it,
// and its own hash is a MAC under a key that the store does not have. A sealed head names the end of the chain and the
// number of entries. So an attacker that can write to the store, but has no key of the server, cannot remove, change,
// add or reorder entries unnoticed.
package audit
