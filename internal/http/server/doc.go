// Package server owns the two listeners: the routes with their middleware, and how connections are accepted, bounded,
// secured and closed.
package server
