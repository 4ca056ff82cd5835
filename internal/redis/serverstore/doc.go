// Package serverstore owns how the records of the server itself lie in Redis, those that belong to no client and no
// grant: its key ring, its audit log, its counts of requests and guesses, and the authorization requests that wait for a
// person. It implements those contracts of package store, one file each. No other record is changed together with one of
// these.
//
// As in redisstore, a state change is one Lua script (lua/, one file a verb) that touches keys of one hash slot.
package serverstore
