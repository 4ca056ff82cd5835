// Package registry owns the registered clients: looking them up through a cache, checking and changing
// them, and their secrets.
//
// The cache is valid under a lease: only while the version of all clients was confirmed with the store
// within the last second or so. Every replica therefore sees a change of a client within the lease, and a
// lookup fails when the store does not answer, rather than return a stale client.
package registry
