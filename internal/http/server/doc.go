// Package server owns the two listeners: which route leads where through which middleware, and how
// connections are accepted, bounded, secured and finished.
package server
