// Package redisstore owns the form in which the authorization server's records are stored in Redis: it implements the
// contracts of package store, one file for each kind of record.
//
// A state change is one Lua script (lua/, one file a verb) that touches keys of one hash slot, decides single use and
// nothing else, and returns a verdict. All key names are in keys.go, all encodings in codec.go. Times are milliseconds
// since 1970. A record has its own expiry, which is compared with a clock; the time to live in Redis only removes the
// record later.
package redisstore
