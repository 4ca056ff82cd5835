package web

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// FaultErrors lists the faults of a request, each with its place. As the cause of a refusal, they become the errors of
// its problem details.
type FaultErrors []adminwire.Fault

// Error implements error. It repeats nothing that the caller sent.
func (f FaultErrors) Error() string {
	text := "the request has faults"
	for _, one := range f {
		text += "; " + one.Pointer + one.Parameter
	}
	return text
}

// maxFaults bounds the faults that an answer names.
const maxFaults = 32

// kind is an error code in problem details.
type kind struct{ slug, title string }

func kindOf(code oauth.Code) kind {
	switch code {
	case oauth.InvalidToken:
		return kind{"invalid-token", "A live access token is needed"}
	case oauth.InsufficientScope:
		return kind{"insufficient-scope", "The token does not have the scope that is needed"}
	case oauth.ForbiddenByOrigin:
		return kind{"forbidden-host", "This host name is not served here"}
	case oauth.NotFound:
		return kind{"not-found", "It does not exist"}
	case oauth.MethodNotAllowed:
		return kind{"method-not-allowed", "This method is not served here"}
	case oauth.AlreadyExists:
		return kind{"already-exists", "It already exists"}
	case oauth.Conflict:
		return kind{"conflict", "It was changed by another request at the same time"}
	case oauth.PreconditionFailed:
		return kind{"precondition-failed", "It has another revision"}
	case oauth.RequestEntityTooLarge:
		return kind{"too-large", "The request is too large"}
	case oauth.UnsupportedMediaType:
		return kind{"unsupported-media-type", "The Content-Type of the body is not supported"}
	case oauth.SlowDown:
		return kind{"rate-limited", "Too many requests"}
	case headersTooLong:
		return kind{"headers-too-long", "The header fields are too long"}
	case oauth.TemporarilyUnavailable:
		return kind{"unavailable", "The server cannot answer right now"}
	case oauth.ServerError:
		return kind{"server-error", "The server has an internal error"}
	default:
		return kind{"invalid-request", "The request is not valid"}
	}
}

// Problem answers an operator's program with problem details (RFC 9457).
func (e *Errors) Problem(w http.ResponseWriter, r *http.Request, err error) {
	refusal := e.read(w, r, err, slog.LevelDebug)
	k, status := kindOf(refusal.Code), statusOf(refusal.Code)
	answer := adminwire.Problem{
		Type: adminwire.ProblemType + k.slug, Title: k.title, Status: status, RequestID: event.OriginOf(r.Context()).RequestID,
	}
	switch refusal.Code {
	case oauth.InvalidToken:
		w.Header().Set("WWW-Authenticate", bearerChallenge(r, refusal))
	case oauth.InsufficientScope:
		w.Header().Set("WWW-Authenticate", bearerChallenge(r, refusal)+scopeNeeded(err))
	case oauth.ServerError, oauth.TemporarilyUnavailable:
		refusal.Description = "" // the title already says this
	default:
	}
	answer.Detail = refusal.Description
	var faults FaultErrors
	switch {
	case errors.As(err, &faults):
		answer.Errors = faults[:min(len(faults), maxFaults)]
	case refusal.Field != "":
		answer.Errors = FaultErrors{{Pointer: "/" + refusal.Field, Detail: refusal.Description}}
	}
	body, err := encode(answer)
	if err != nil {
		body = nil // strings can always be encoded
	}
	write(w, status, "application/problem+json", body)
}

// needsScope is the cause of a refusal that can name the missing scope.
type needsScope interface{ Needed() string }

func scopeNeeded(err error) string {
	var cause needsScope
	if !errors.As(err, &cause) {
		return ""
	}
	return `, scope="` + printable(cause.Needed()) + `"`
}
