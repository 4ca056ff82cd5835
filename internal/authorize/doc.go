// Package authorize owns the authorization request: the checks that it must pass, the steps that a person has to
// take (to sign in, to consent), and the code in which it results.
//
// chain.go is the table of checks: which runs at which endpoint, which parameters it reads, what is read once and
// what is checked each time. A request that passed them is a Request. While it waits for a person it is a
// Continuation, which travels through the browser as a sealed text: nothing can be changed in it on the way, and
// nobody can fill the store with requests that never end. When it comes back it is resumed: its parameters are not
// read again, but the client must still have what the request asks for.
//
// A Continuation holds its age, what the person decided on its consent page, and the id of the one grant that it
// may yield. All three count only in the browser that it was sealed for. Brought by another browser, or after an
// hour, it is the bare request, and starts again.
package authorize
