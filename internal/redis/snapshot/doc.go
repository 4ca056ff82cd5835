// Package snapshot owns the two ways in which whole records leave Redis and come back. A Reader asks a server for a full
// synchronization, as a replica does: the server forks, so the records are those of one instant, and its clients are
// served meanwhile. A Target writes records by RESTORE.
package snapshot
