// Package token owns access tokens and ID tokens: what they look like, minting, inspecting and
// revoking them. An opaque token is a reference with one record in the store; a JWT (RFC 9068)
// costs no write. Both answer to the same two verbs, Inspect and Revoke.
package token
