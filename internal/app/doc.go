// Package app owns the assembly of the server: it alone knows all packages, creates their values once, in the order of
// the floors, and closes them in the opposite order.
//
// An App is a whole server. One process can have any number of them; tests start them on free ports with embedded
// Redis.
package app
