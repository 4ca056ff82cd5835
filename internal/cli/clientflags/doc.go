// Package clientflags owns the flags of client create and client update: one for each property of a client that has one
// in the table of clientmeta.
package clientflags
