// Package app owns the assembly: it is the only place that knows every room, makes each of them
// once, in the order of the floors, and ends them in the opposite order.
//
// An App is a whole server. Any number of them live in one process; tests start them on free ports
// with embedded Redis.
package app
