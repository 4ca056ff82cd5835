// Package subject owns the servers of a benchmark: Redis alone and as a Sentinel group, the daemon on either, the
// ceilings, and servers of other projects.
package subject
