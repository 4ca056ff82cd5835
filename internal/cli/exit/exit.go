package exit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The exit codes, which scripts may rely on.
const (
	Done        = 0
	Failed      = 1
	WrongUsage  = 2
	NotFound    = 3
	Refused     = 4
	Unavailable = 5
	Partly      = 6
)

// Codes describes the exit codes for people.
const Codes = `Exit codes:
  0  done
  1  failed: the command did not succeed, or a check found a problem
  2  the command line was not understood
  3  not found: there is no such client, user, session, grant, token or key
  4  refused: the rules of the server, or the rights of the caller, do not allow it
  5  unavailable: the server or Redis did not answer; it is unknown whether a change was made
  6  partly done: parts of an import have no counterpart here; they are listed`

// Error is an error with an exit code and a hint with the remedy.
type Error struct {
	Code int
	Hint string
	Err  error
}

func (p *Error) Error() string {
	if p.Hint == "" {
		return p.Err.Error()
	}
	return p.Err.Error() + "; hint: " + p.Hint
}

func (p *Error) Unwrap() error { return p.Err }

// CodeOf returns the exit code for an error.
func CodeOf(err error) int {
	if err == nil {
		return Done
	}
	if _, wrong := errors.AsType[*usageError](err); wrong {
		return WrongUsage
	}
	if p, ok := errors.AsType[*Error](err); ok && p.Code != 0 {
		return p.Code
	}
	if p, ok := errors.AsType[*adminclient.Problem](err); ok {
		return codeOfKind(p.Kind())
	}
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if refusal.Response != nil && refusal.Response.StatusCode >= 500 {
			return Unavailable
		}
		return Refused
	}
	if refusal, ok := errors.AsType[*oauth.Error](err); ok {
		return codeOfRefusal(refusal)
	}
	if _, ok := errors.AsType[*url.Error](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return Unavailable
	}
	return Failed
}

// codeOfKind returns the exit code for a kind of problem of the admin API.
func codeOfKind(kind string) int {
	switch kind {
	case "not-found":
		return NotFound
	case "unavailable", "rate-limited":
		return Unavailable
	case "server-error":
		return Failed
	default:
		return Refused
	}
}

func codeOfRefusal(refusal *oauth.Error) int {
	switch {
	case errors.Is(refusal, store.Absent):
		return NotFound
	case refusal.Code == oauth.TemporarilyUnavailable:
		return Unavailable
	case refusal.Code == oauth.ServerError:
		return Failed
	default:
		return Refused
	}
}

// usageError is the error of a command line that was not understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// Usagef returns the error of a command line that was not understood; its exit code is WrongUsage.
func Usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// NotOneOf returns the error of a flag whose value is not allowed. It suggests the allowed value that is most similar.
func NotOneOf(flag, value string, allowed []string) error {
	hint := ""
	if near := oauth.Nearest(value, allowed); near != "" && value != "" {
		hint = "; hint: did you mean " + near + "?"
	}
	return Usagef("%s %s: is not one of %s%s", flag, value, strings.Join(allowed, ", "), hint)
}
