package exit

import (
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

// Explain turns an error into the text for the terminal, which begins with the command. Each of several joined errors has
// its line and its hint, and the highest exit code counts.
func Explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return wrong
	}
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return explainOne(&CommandError{doing, err})
	}
	all := several.Unwrap()
	lines, code := make([]error, len(all)), Done
	for i, one := range all {
		code = max(code, CodeOf(one))
		switch _, nested := one.(interface{ Unwrap() []error }); {
		case nested && i > 0:
			lines[i] = one
		case nested:
			lines[i] = Explain(doing, one)
		case i == 0:
			lines[i] = explainOne(&CommandError{doing, one})
		default:
			lines[i] = explainOne(one)
		}
	}
	return &Error{Code: code, Err: errors.Join(lines...)}
}

// explainOne adds the hint to one error.
func explainOne(err error) error {
	p := &Error{Code: CodeOf(err), Err: err}
	if _, hinted := errors.AsType[*Error](err); hinted {
		return p // its text ends with the hint
	}
	if answer, ok := errors.AsType[*adminclient.Problem](err); ok {
		p.Hint = hintFor(answer)
	} else if p.Code == Unavailable {
		p.Hint = "check that it is running and can be reached from here; a change may or may not have been made"
	}
	return p
}

// CommandError is an error with the command or client that it concerns.
type CommandError struct {
	Doing string
	Err   error
}

func (d *CommandError) Error() string { return d.Doing + ": " + d.Err.Error() }
func (d *CommandError) Unwrap() error { return d.Err }

// hintFor returns the hint for a problem of the admin API.
func hintFor(p *adminclient.Problem) string {
	switch p.Kind() {
	case "invalid-token":
		return "oauth2d login, or other credentials in OAUTH2D_CLI_CLIENT_ID and OAUTH2D_CLI_CLIENT_SECRET"
	case "insufficient-scope":
		return "your client or user needs this admin scope; people must be listed in admin.operators, too"
	case "forbidden-host":
		return "call the server by an address, or put the name into its admin.hosts"
	case "unavailable":
		return "a change may or may not have been made: check before trying again"
	case "rate-limited":
		return "wait a little"
	case "server-error":
		return "the server's log has the reason under request_id " + p.RequestID
	default:
		return ""
	}
}
