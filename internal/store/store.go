package store

import "errors"

// Absent is the error for a record that does not exist. Absence means denied.
var Absent = errors.New("not in the store")

// Conflict is the error for a change that was based on another revision, or for a name that is taken.
var Conflict = errors.New("changed by someone else")

// Revoked is the error for a record that a user's revocation ended before it was stored.
var Revoked = errors.New("ended by the user's revocation")
