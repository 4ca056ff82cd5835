// Package clientauth owns the question who the client is: it holds what a request presented against
// the registration (RFC 6749 §2.3).
//
// Whatever is wrong, the caller is told the same, in the same words and after a time that says
// nothing: an unknown client, a wrong secret, a disabled client and a method that is not the
// client's cannot be told apart. Guesses at a secret are bounded by internal/ratelimit.
package clientauth
