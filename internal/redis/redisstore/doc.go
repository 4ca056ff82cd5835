// Package redisstore owns how the records of the authorization server lie in Redis: it implements
// every contract of package store, one file an aggregate.
//
// A state change is one Lua script (lua/, one file a verb) that touches keys of one hash slot,
// decides single use and nothing else, and answers a word. All key names stand in keys.go, all
// forms of a record in codec.go. Times are milliseconds since 1970. A record carries its own
// expiry, which is compared with the caller's clock; the TTL only cleans up behind it.
package redisstore
