// Package e2e drives a running server by a client that a stranger's tool made out of
// api/openapi/admin.yaml. It is a module of its own, so that the server does not depend on the tool;
// `make test-api` runs it.
package e2e

//go:generate mkdir -p admin
//go:generate go tool oapi-codegen -config oapi-codegen.yaml ../openapi/admin.yaml
