// Package credentials owns who the command line is to a server: the client of the environment, or the login that a
// person stored. It gets access tokens for either, through the browser where a person signs in, and keeps them in files
// that only this user can read.
//
// Secrets and codes are sent only to the issuer's own origin, over TLS or to this machine, and redirects are not followed.
package credentials
