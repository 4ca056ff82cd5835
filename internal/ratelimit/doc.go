// Package ratelimit owns the limits: how often a caller may ask, and how often a guess may be wrong,
// for all daemons together.
//
// A Limiter keeps rates. A daemon takes permits in small batches and spends them from memory, so that
// most requests ask nobody; all daemons together never give more than the rate.
//
// A Guard keeps guesses within a budget. Every guess is counted in the store before it is made, so
// that parallel ones cannot slip through.
package ratelimit
