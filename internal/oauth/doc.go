// Package oauth owns the words of the authorization server and every rule that needs nothing but
// its arguments: clients, scopes, redirect URIs, PKCE, grants and their numbered credentials,
// lifetimes and errors.
//
// It imports the standard library only and knows neither HTTP nor Redis, reads no clock and takes
// no context. Everything above it agrees on these types.
package oauth
