// Package jose owns signed JSON: making and checking JWS compact tokens, the keys they are signed
// with, and the public form of those keys (RFC 7515, 7517, 7638, 8725).
//
// It is the only package that imports golang-jwt, of which it uses the signature methods only: a
// token is taken apart here, under the rules of RFC 8725. What the claims mean is the caller's
// business.
package jose
