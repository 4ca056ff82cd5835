// Package adminapi owns the HTTP side of the admin API: it reads a request, calls a verb of package admin, and
// writes the answer. api/openapi/admin.yaml is the contract.
//
// Every operation needs a scope, which the table in api.go lists.
package adminapi
