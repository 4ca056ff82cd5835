// Package target owns what an operator's command works on: the admin API of a server (--server), or the same API inside
// the command, straight on Redis (--direct). It finds users and clients there, also for completions.
package target
