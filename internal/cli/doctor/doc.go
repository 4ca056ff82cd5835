// Package doctor owns the examination of a deployment: its settings, its files, its Redis, its issuer under the public
// URL, and whether a running server is ready.
package doctor
