// Package adminapi owns the admin API on the wire: it reads what an operator's program sends, lets the
// verbs of package admin do it, and writes the answer. api/openapi/admin.yaml is the contract.
//
// Every operation needs a scope; the table in api.go says which. Nothing is served without one.
package adminapi
