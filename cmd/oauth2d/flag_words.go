package main

import (
	"errors"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// clientWords are the members of a client in the admin API, and what is typed for them.
func clientWords() map[string]string {
	return map[string]string{ //nolint:gosec // G101: names of flags
		"client_id": "id", "client_name": "--name", "token_endpoint_auth_method": "--public", "application_type": "--native",
		"grant_types": "--grant", "redirect_uris": "--redirect-uri", "post_logout_redirect_uris": "--post-logout-uri",
		"scope": "--scope", "default_scope": "--default-scope", "audience": "--audience", "resources": "--resource",
		"access_token_format": "--format", "token_signing_alg": "--algorithm", "introspection": "--introspection",
		"refresh_token_rotation": "--no-rotation", "requests_per_minute": "--requests-per-minute", "skip_consent": "--skip-consent", "sign_out_ends_offline_access": "--end-offline-access",
		"claims": "--claim", "client_secret": "--secret-file", "client_secret_hash": "--secret-hash-file",
		"lifetimes/code": "--code-life", "lifetimes/access_token": "--access-life",
		"lifetimes/refresh_token_idle": "--refresh-idle", "lifetimes/refresh_token_absolute": "--refresh-absolute",
		"expires_in": "--expires-in", "overlap": "--overlap", "secret_id": "id of the secret",
	}
}

// userWords are the members of a user in the admin API, and what is typed for them.
func userWords() map[string]string {
	return map[string]string{
		"username": "name", "display_name": "--display-name", "email": "--email", "email_verified": "--email-verified",
		"must_change_password": "--must-change", "password": "password", "user_id": "id of the user",
	}
}

// translated puts what was typed in the place of names of the API in a sentence: those with an
// underscore, which no other word has.
func translated(text string, words map[string]string) string {
	parts := strings.Split(text, " ")
	for i, part := range parts {
		name := strings.TrimRight(part, ":,;.")
		if typed, known := words[name]; known && strings.Contains(name, "_") {
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
