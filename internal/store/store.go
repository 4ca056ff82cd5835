// Package store lists every question that is put to Redis, each with the atomicity it promises.
//
// The contracts hold for any number of daemons at once. Every method takes a context whose end
// abandons the question. An error that is not one of this package's sentinel errors means "could
// not ask": a write may or may not have been carried out, and nothing may be concluded from it;
// callers turn it into 503 (oauth.Unavailable).
//
// Durability classes, named in each write's comment: durable means that in strict mode the answer
// is given only when the write survives the loss of any one node; expendable means that losing it
// costs nothing but accuracy.
package store

import "errors"

// Absent is answered for what is not there. Absence means denied.
var Absent = errors.New("not in the store")

// Conflict is answered when a change was based on another revision, or a name is taken.
var Conflict = errors.New("changed by someone else")

// Revoked is answered for what a user's revocation ended before it was stored.
var Revoked = errors.New("ended by the user's revocation")
