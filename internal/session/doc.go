// Package session owns browser sessions: the person who is signed in in a browser, the time since when, and
// everything that ends with it.
//
// A session's cookie holds a secret of 256 bits that is stored nowhere; the store, the tokens and the logs hold its
// SessionRef, from which nobody can make the cookie.
package session
