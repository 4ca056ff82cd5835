// Package registry owns the clients: looking them up from memory, checking what is registered, and
// their secrets.
//
// What is in memory is served under a lease: only while the version of all clients was confirmed
// with the store within the last second or so. A client that was changed or deleted anywhere is
// therefore known to be so everywhere within the lease, and a store that does not answer makes the
// lookup fail rather than lie.
package registry
