// Package authorize owns the authorization request: the checks it must pass, what it still needs
// from a person (to sign in, to consent), and the code it ends in.
//
// A request that waits for a person is kept nowhere: it travels through the browser as a sealed
// interaction, bound to that browser, and is checked anew each time it comes back. Nothing can be
// changed in it on the way, and nobody can fill a store with requests that never end.
package authorize
