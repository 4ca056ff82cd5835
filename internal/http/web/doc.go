// Package web owns the plumbing between net/http and the rooms: the one mapping from errors to
// statuses, redirects and pages, the forms an answer can have, and the middleware, one a file.
//
// It knows no endpoint and no rule of OAuth beyond which error code is which status.
package web
