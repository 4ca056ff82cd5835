// Package ratelimit owns the limits, all daemons together: the rate of a caller's requests, and the budget of
// wrong guesses at a password or secret.
//
// A Limiter keeps rates. A daemon fetches permits from the store in small batches and spends them from memory,
// so that most requests need no round trip; all daemons together never exceed the rate.
//
// A Guard keeps guesses within a budget. Every guess is counted in the store before it is checked, so that
// concurrent guesses cannot exceed it.
package ratelimit
