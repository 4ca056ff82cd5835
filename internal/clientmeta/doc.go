// Package clientmeta owns the table of client properties: for each property of oauth.Client that an
// operator can set, its name, type, rule, default, command line flag, documentation and audit behaviour.
//
// The codec of the store, the admin API (JSON and merge patch), the audit details, the flags of
// `oauth2d client create` and `client update`, the importers, docs/client-properties.md and the test of
// api/openapi/admin.yaml read this table. To add a property, add a field to oauth.Client and an entry to
// Properties, describe it in api/openapi/admin.yaml, and run `make docs`.
//
// oauth.Client stays the value that the rest of the server works with: the table is read where a client
// enters or leaves the process, never while a token is issued or checked.
package clientmeta

//go:generate env UPDATE=yes go test -count=1 -run "TestReferenceIsUpToDate|TestContractListsWhatIsServed" .
