package exit

import (
	"errors"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// withFlagNames replaces names of the API in a sentence: the first word, which is often the subject, and names with an
// underscore, which no other word has.
func withFlagNames(text string, words map[string]string) string {
	parts := strings.Split(text, " ")
	for i, part := range parts {
		name := strings.TrimRight(part, ":,;.")
		if typed, known := words[name]; known && (i == 0 || strings.Contains(name, "_")) {
			parts[i] = typed + part[len(name):]
		}
	}
	return strings.Join(parts, " ")
}

// WithFlagNames replaces the members of the admin API in a refusal by the flags that set them: --redirect-uri for
// redirect_uris.
func WithFlagNames(err error, words map[string]string) error {
	answer, ok := errors.AsType[*adminclient.Problem](err)
	if !ok {
		return err
	}
	said := *answer
	said.Detail = withFlagNames(answer.Detail, words)
	said.Errors = nil
	for _, fault := range answer.Errors {
		member := strings.TrimPrefix(fault.Pointer, "/")
		typed, known := words[member]
		if !known {
			outer, _, _ := strings.Cut(member, "/")
			typed, known = words[outer]
		}
		if known {
			fault = adminwire.Fault{Parameter: typed, Detail: withFlagNames(fault.Detail, words)}
		}
		if fault.Detail != said.Detail { // do not repeat the detail
			said.Errors = append(said.Errors, fault)
		}
	}
	return &said
}
