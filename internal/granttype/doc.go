// Package granttype owns the token request: one file a grant_type, and the pipeline that makes the
// checks and mints the tokens they all share.
package granttype
