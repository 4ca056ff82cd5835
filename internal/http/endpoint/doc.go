// Package endpoint owns OAuth and OpenID Connect on the wire, one file an endpoint. An endpoint
// reads, asks a room, and answers; it decides nothing about OAuth itself.
package endpoint
