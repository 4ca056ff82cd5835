// Package cleanup owns the sweep of what does not go by a time to live alone: names of dead grants and
// sessions in the lists of users who keep signing in, and consents to clients that are not registered
// any more.
//
// Nothing depends on it: what it removes means nothing to anybody. One daemon at a time does it for
// all, in small steps, and another goes on where it stopped.
package cleanup
