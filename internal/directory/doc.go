// Package directory owns the people: the built-in users, their names and their passwords.
//
// A refused sign-in reveals one thing only: this name and this password do not belong together. For an unknown name,
// a wrong password and a disabled user the message, the work and the lock are the same.
package directory
