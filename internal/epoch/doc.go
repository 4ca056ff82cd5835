// Package epoch owns the rule that decides which codes, refresh tokens, access tokens and login sessions of
// the past still count. Two facts end what the store still holds: the epoch, which an operator raises when
// what the store says about the past can no longer be believed, as after a backup was restored; and a
// client's registration, which is gone, disabled, or younger than a grant.
//
// It wraps the store's contracts: for every caller behind it, what does not count does not exist, so that no
// endpoint, page or listing can forget to ask.
package epoch
