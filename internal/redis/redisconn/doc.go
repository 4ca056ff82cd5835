// Package redisconn owns the connection to Redis: how it is opened (embedded, standalone, Sentinel
// or Cluster), how requests leave through it, what its failures are called, and how it is.
//
// There are two doors. Write carries one state change, a script; Read carries pure reads. Behind
// each stands a committer: callers queue, and whatever is queued leaves in one pipeline, without
// any timer, so that under load the cost of a round trip is shared and without load a request
// leaves at once. No other way leads to Redis, so what durability asks of a write has one home.
//
// Nothing here retries a write whose outcome is unknown. An error from either door means "could
// not ask": nothing may be concluded from it.
package redisconn
