package main

import (
	"errors"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// clientWords are the members of a client in the admin API, and what is typed for them.
func clientWords() map[string]string {
	words := map[string]string{ //nolint:gosec // G101: names of flags
		"client_id": "id", "client_secret": "--secret-file", "client_secret_hash": "--secret-hash-file",
		"expires_in": "--expires-in", "overlap": "--overlap", "secret_id": "id of the secret",
	}
	for _, p := range clientmeta.Properties() {
		if p.Flag.Name != "" {
			words[p.Path()] = "--" + p.Flag.Name
		}
	}
	return words
}

// userWords are the members of a user in the admin API, and what is typed for them.
func userWords() map[string]string {
	return map[string]string{
		"username": "name", "display_name": "--display-name", "email": "--email", "email_verified": "--email-verified",
		"must_change_password": "--must-change", "password": "password", "user_id": "id of the user",
	}
}

// translated replaces the names of the API in a sentence by what was typed: the first word, which is often
// the subject, and names with an underscore, which no other word has.
func translated(text string, words map[string]string) string {
	parts := strings.Split(text, " ")
	for i, part := range parts {
		name := strings.TrimRight(part, ":,;.")
		if typed, known := words[name]; known && (i == 0 || strings.Contains(name, "_")) {
			parts[i] = typed + part[len(name):]
		}
	}
	return strings.Join(parts, " ")
}

// inWords says a refusal of the admin API in the words that were typed: --redirect-uri for redirect_uris.
func inWords(err error, words map[string]string) error {
	answer, ok := errors.AsType[*adminclient.Problem](err)
	if !ok {
		return err
	}
	said := *answer
	said.Detail = translated(answer.Detail, words)
	said.Errors = nil
	for _, fault := range answer.Errors {
		member := strings.TrimPrefix(fault.Pointer, "/")
		typed, known := words[member]
		if !known {
			outer, _, _ := strings.Cut(member, "/")
			typed, known = words[outer]
		}
		if known {
			fault = adminwire.Fault{Parameter: typed, Detail: translated(fault.Detail, words)}
		}
		if fault.Detail != said.Detail { // it is the detail again
			said.Errors = append(said.Errors, fault)
		}
	}
	return &said
}
