// Package clientauth owns client authentication (RFC 6749 §2.3): it reads a client's credentials from a
// request and compares them with the client's registration. Each client authentication method is one file.
//
// Every refusal has the same words and takes the same time, so that a caller cannot distinguish an unknown client,
// a wrong secret, a disabled client and a method that is not registered. Package ratelimit bounds how
// often a secret can be guessed.
package clientauth
