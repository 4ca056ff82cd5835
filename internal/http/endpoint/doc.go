// Package endpoint owns OAuth and OpenID Connect on the wire, one file per endpoint. An endpoint
// reads the request, calls a room, and answers; decisions about OAuth are made in the rooms.
package endpoint
