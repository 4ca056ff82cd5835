package main

import (
	"context"
	"errors"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The exit codes, which scripts may rely on.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitRefused     = 4
	exitUnavailable = 5
	exitPartly      = 6
)

// exitCodes explains them.
const exitCodes = `Exit codes:
  0  done
  1  failed: what was asked for did not succeed, or a check found something wrong
  2  the command line was not understood
  3  there is no such client, user, session, grant, token or key
  4  refused: the rules of the server, or the rights of whoever asked, do not allow it
  5  unavailable: the server or Redis could not be asked; whether a change was made is not known
  6  done in part: some of what an import was given has no counterpart here; it is listed`

// problem is a failure with an exit code and a line that says what to do.
type problem struct {
	code int
	hint string
	err  error
}

func (p *problem) Error() string {
	if p.hint == "" {
		return p.err.Error()
	}
	return p.err.Error() + "; hint: " + p.hint
}

func (p *problem) Unwrap() error { return p.err }

// codeOf returns the exit code for an error.
func codeOf(err error) int {
	if err == nil {
		return exitDone
	}
	if _, wrong := errors.AsType[*usageError](err); wrong {
		return exitUsage
	}
	if p, ok := errors.AsType[*problem](err); ok && p.code != 0 {
		return p.code
	}
	if p, ok := errors.AsType[*adminclient.Problem](err); ok {
		return codeOfKind(p.Kind())
	}
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if refusal.Response != nil && refusal.Response.StatusCode >= 500 {
			return exitUnavailable
		}
		return exitRefused
	}
	if refusal, ok := errors.AsType[*oauth.Error](err); ok {
		return codeOfRefusal(refusal)
	}
	if _, ok := errors.AsType[*url.Error](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return exitUnavailable
	}
	return exitFailed
}

// codeOfKind is the exit code for a kind of problem of the admin API.
func codeOfKind(kind string) int {
	switch kind {
	case "not-found":
		return exitNotFound
	case "unavailable", "rate-limited":
		return exitUnavailable
	case "server-error":
		return exitFailed
	default:
		return exitRefused
	}
}

func codeOfRefusal(refusal *oauth.Error) int {
	switch {
	case errors.Is(refusal, store.Absent):
		return exitNotFound
	case refusal.Code == oauth.TemporarilyUnavailable:
		return exitUnavailable
	case refusal.Code == oauth.ServerError:
		return exitFailed
	default:
		return exitRefused
	}
}

// explained turns what was answered into a line for the terminal. It begins with the command. Of several
// errors each has its line and its hint, and the highest exit code counts.
func explained(doing string, err error) error {
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return wrong
	}
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return explainedOne(&during{doing, err})
	}
	all := several.Unwrap()
	lines, code := make([]error, len(all)), exitDone
	for i, one := range all {
		code = max(code, codeOf(one))
		switch _, nested := one.(interface{ Unwrap() []error }); {
		case nested && i > 0:
			lines[i] = one
		case nested:
			lines[i] = explained(doing, one)
		case i == 0:
			lines[i] = explainedOne(&during{doing, one})
		default:
			lines[i] = explainedOne(one)
		}
	}
	return &problem{code: code, err: errors.Join(lines...)}
}

// explainedOne puts the hint behind one error.
func explainedOne(err error) error {
	p := &problem{code: codeOf(err), err: err}
	if _, hinted := errors.AsType[*problem](err); hinted {
		return p // its text ends with the hint
	}
	if answer, ok := errors.AsType[*adminclient.Problem](err); ok {
		p.hint = hintFor(answer)
	} else if p.code == exitUnavailable {
		p.hint = "see whether it is running and reached from here; a change may or may not have been made"
	}
	return p
}

// during is an error and the command that met it.
type during struct {
	doing string
	err   error
}

func (d *during) Error() string { return d.doing + ": " + d.err.Error() }
func (d *during) Unwrap() error { return d.err }

// hintFor is the remedy for a problem of the admin API.
func hintFor(p *adminclient.Problem) string {
	switch p.Kind() {
	case "invalid-token":
		return "oauth2d login, or other credentials in OAUTH2D_CLI_CLIENT_ID and OAUTH2D_CLI_CLIENT_SECRET"
	case "insufficient-scope":
		return "the client or person that you log in as needs this admin scope; people must stand in admin.operators, too"
	case "forbidden-host":
		return "call the server by an address, or put the name into its admin.hosts"
	case "unavailable":
		return "a change may or may not have been made: look before trying again"
	case "rate-limited":
		return "wait a little"
	case "server-error":
		return "the server's log tells more under request_id " + p.RequestID
	default:
		return ""
	}
}
