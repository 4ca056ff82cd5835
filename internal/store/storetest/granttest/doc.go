// Package granttest owns the suites of grants and of access tokens, with their models in plain Go.
package granttest
