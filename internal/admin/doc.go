// Package admin owns the operations of operators: the verbs behind the admin API and the command line, each
// with its permission check, the steps that belong together, and its audit record.
//
// It knows neither HTTP nor terminals. Every error is an *oauth.Error: not_found when the object does not exist,
// temporarily_unavailable when the store could not be asked; after the latter a change may or may not have
// been made. Every change may be repeated.
package admin
