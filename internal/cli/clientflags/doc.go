// Package clientflags owns the flags of client create and client update: those that the properties of a client have in
// the table of clientmeta.
package clientflags
