// Package tokencheck owns the trial of a whole server by `token check`: a client that lives for a moment gets a token over
// HTTP, introspects it, revokes it, and sees that it is dead.
package tokencheck
