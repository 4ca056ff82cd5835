// Package rotation owns the age of the server's secrets: since when each is in use, which running daemons have which, and
// what is due to be replaced. It knows secrets by fingerprints only.
package rotation
