// Package page owns what a person sees: signing in, consent, the account, signing out, errors.
//
// Pages are drawn by the server and need no script. Every step can be entered again by GET, so Back
// and Reload lose nothing; what changes something is a POST with a token bound to the browser and
// its session, and answers 303. A page never decides what comes next in an authorization: it leads
// back to the authorization endpoint, which asks the rules.
package page
