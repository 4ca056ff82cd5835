// Package freshness owns the lease under which this process answers from memory: for a second after it has
// confirmed with the store that no client has changed, and which epoch counts. Both come with one read.
package freshness
