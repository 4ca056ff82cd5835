// Package secret owns what must stay secret: random values, keyed digests, the sealing of data at
// rest and the slow hash of what people chose.
//
// It is the only package that imports golang.org/x/crypto. Nothing here keeps a clock, and nothing
// logs; no error of this package holds a secret.
package secret
