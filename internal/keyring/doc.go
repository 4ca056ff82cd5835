// Package keyring owns the server's keys and their calendar: the keys that sign tokens, those that
// seal codes, refresh tokens and short texts, and the peppers of client secrets.
//
// All replicas share one ring. It lies in the store, every key sealed under the master key, and is
// changed by compare-and-swap only, so that no two replicas turn the calendar twice. A key passes
// through four states by the clock alone: published (known to every replica and verifier before it
// is used), active, retired (it still verifies) and dropped. Reading the ring takes no lock and
// asks nobody.
package keyring
