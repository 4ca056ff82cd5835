// Package authorize owns the authorization request: the checks it must pass, what it still needs
// from a person (to sign in, to consent), and the code it ends in.
//
// A request that waits for a person is stored nowhere: it travels through the browser as a sealed
// interaction, and is checked anew each time it comes back. Nothing can be changed in it on the way, and
// nobody can fill a store with requests that never end.
//
// An interaction holds its age, what the person decided on its consent page, and the id of the one grant
// that it may yield. All three count only in the browser that it was sealed for. Brought by another browser,
// or after an hour, it is the bare request, and starts again.
package authorize
