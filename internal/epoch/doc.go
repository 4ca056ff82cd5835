// Package epoch owns the rule that decides which stored codes, refresh tokens, access tokens and login sessions still
// count. Two facts end them: the epoch, which an operator raises when the store's records of the past cannot be
// trusted, as after a backup was restored; and the registration of a client that was deleted, disabled, or registered
// again after the grant.
//
// The package wraps the store's contracts: for every caller behind it, a record that does not count does not exist, so
// that no endpoint, page or listing can skip the rule.
package epoch
