// Package secret owns the cryptography for secrets: random values, keyed digests, encryption at rest, and the slow hash
// of passwords that people choose.
//
// It is the only package that imports golang.org/x/crypto. It has no clock and no log, and none of its errors contains
// a secret.
package secret
