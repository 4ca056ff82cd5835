// Package store owns the contracts of everything that is kept in Redis: every read and write, with its atomicity and
// with what concurrent callers get.
//
// The contracts hold for any number of daemons at once. Every method takes a context; when that ends, the method
// returns its error. An error that is not one of this package's sentinel errors means "could not ask": a write may or
// may not have been carried out, and callers must conclude nothing from it; they turn it into 503
// (oauth.Unavailable).
//
// Where a contract does not say more, a read returns each record as one write left it, and lists are read side by
// side with their records: a record that is written while the read runs may be in the result, in either state, or
// not. Once a write has returned, every later read shows it.
//
// Durability classes, named in each write's comment: durable means that in strict mode the method returns only when
// the write survives the loss of any one node; expendable means that a loss costs nothing but accuracy.
package store
