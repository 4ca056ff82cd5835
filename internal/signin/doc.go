// Package signin owns the way from a name and a password to a browser session: which step comes next, what a
// sign-in that waits for another step looks like on its way through the browser, and what a new password ends.
//
// Next decides; each factor has one file. Pages draw the step that Next names and post what was typed.
//
// Invariants, cited by number:
//
//	I1: no session begins before Next returns Session.
//	I2: a change of a password ends every session and every grant of the user, before the change and after it.
//	    When the change fails, the browser that asked for it stays signed in.
//	I3: a session whose user lost the right to sign in while it began is ended before its cookie is sent.
package signin
