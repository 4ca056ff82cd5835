// Package web owns the plumbing between net/http and the packages with the rules: the one mapping from errors to
// statuses, redirects and pages, the formats of answers, and the middleware, one per file.
//
// It contains no endpoint, and no rule of OAuth except the status of each error code.
package web
