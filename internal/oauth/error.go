package oauth

import (
	"errors"
	"strings"
)

// Code is an OAuth error code as it appears on the wire (RFC 6749 §4.1.2.1 and §5.2 and the
// extensions named beside each constant).
type Code string

// The error codes this server answers with.
const (
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	UnsupportedResponseType Code = "unsupported_response_type"
	InvalidScope            Code = "invalid_scope"
	AccessDenied            Code = "access_denied"
	ServerError             Code = "server_error"
	TemporarilyUnavailable  Code = "temporarily_unavailable"

	InvalidTarget Code = "invalid_target" // RFC 8707 §2

	InvalidToken      Code = "invalid_token"      // RFC 6750 §3.1
	InsufficientScope Code = "insufficient_scope" // RFC 6750 §3.1

	LoginRequired           Code = "login_required"            // OIDC Core §3.1.2.6
	ConsentRequired         Code = "consent_required"          // OIDC Core §3.1.2.6
	InteractionRequired     Code = "interaction_required"      // OIDC Core §3.1.2.6
	RequestNotSupported     Code = "request_not_supported"     // OIDC Core §3.1.2.6
	RequestURINotSupported  Code = "request_uri_not_supported" // OIDC Core §3.1.2.6
	InvalidRedirectURI      Code = "invalid_redirect_uri"      // RFC 7591 §3.2.2
	InvalidClientMetadata   Code = "invalid_client_metadata"   // RFC 7591 §3.2.2
	RequestEntityTooLarge   Code = "request_too_large"         // not an OAuth code; answered with 413
	SlowDown                Code = "slow_down"                 // RFC 8628 §3.5; answered with 429 by rate limits
	ForbiddenByOrigin       Code = "forbidden_origin"          // a cross-site form post (RFC 9700 §4.7)
	StaleInteraction        Code = "stale_interaction"         // a form that no longer belongs to this browser session
	AlreadyAnswered         Code = "already_answered"          // an authorization request that has yielded its code
	MethodNotAllowed        Code = "method_not_allowed"        // answered with 405
	NotFound                Code = "not_found"                 // answered with 404
	UnsupportedTokenTypeErr Code = "unsupported_token_type"    // RFC 7009 §2.2.1
	AlreadyExists           Code = "already_exists"            // of the admin API; answered with 409
	Conflict                Code = "conflict"                  // of the admin API: changed by others meanwhile; answered with 409
	PreconditionFailed      Code = "precondition_failed"       // of the admin API: another revision; answered with 412
	UnsupportedMediaType    Code = "unsupported_media_type"    // of the admin API; answered with 415
)

// Error is a refusal: the words for the caller, and the cause that stays inside.
//
// Only Code and Description ever leave the server; the cause is for the log. An Error with a
// Return is sent back to the client's validated redirect URI instead of being shown.
type Error struct {
	Code        Code
	Description string
	Field       string  // the member of a JSON body that is refused, such as scope or lifetimes/code; "" for none
	Return      *Return // where an authorization error goes; nil means it is answered in place
	Facts       Facts
	cause       error
	recorded    bool
}

// Facts holds the facts that the audit log records about a refused request beside its code and reason. None of
// them is sent to the caller.
type Facts struct {
	Actor  string   // the operator who asked
	User   UserID   // the person whose session or token the request showed
	Client ClientID // the registered client that asked
	// What the request sent as client_id and redirect_uri. Nobody has checked them.
	SentClient, SentRedirectURI string
}

// Return names the validated place an authorization answer goes back to. It exists only after the
// client and the redirect URI were checked (RFC 6749 §4.1.2.1), so holding one is the proof.
type Return struct {
	URI    string
	State  string
	Issuer string // the iss parameter of RFC 9207
	Mode   ResponseMode
}

// ResponseMode is the way in which an authorization answer is sent to the client.
type ResponseMode string

// The response modes that are served.
const (
	ModeQuery    ResponseMode = "query"
	ModeFormPost ResponseMode = "form_post"
)

// Refuse makes an Error. The description is read by the client's developer and must not reveal what
// exists; cause may be nil and is never shown.
func Refuse(code Code, description string, cause error) *Error {
	return &Error{Code: code, Description: description, cause: cause}
}

// Unavailable means that the store could not be asked. It is never a "no": the answer asks the caller to
// try again (503), and nothing is known to have changed.
func Unavailable(cause error) *Error {
	return Refuse(TemporarilyUnavailable, "the server cannot answer right now; try again", cause)
}

// To returns a copy of e that goes back to the client at r.
func (e *Error) To(r Return) *Error {
	sent := *e
	sent.Return = &r
	return &sent
}

// At returns a copy of e that names the refused member of a JSON body.
func (e *Error) At(field string) *Error {
	placed := *e
	placed.Field = field
	return &placed
}

// About returns a copy of e that carries facts for the audit log.
func (e *Error) About(f Facts) *Error {
	told := *e
	told.Facts = f
	return &told
}

// Recorded returns a copy of e that says: a more specific fact has recorded this refusal, so that the
// boundary must not record it a second time.
func (e *Error) Recorded() *Error {
	told := *e
	told.recorded = true
	return &told
}

// WasRecorded reports whether e, or a refusal that caused it, is one of Recorded.
func (e *Error) WasRecorded() bool {
	for e != nil && !e.recorded {
		var cause *Error
		errors.As(e.cause, &cause)
		e = cause
	}
	return e != nil
}

// Reason returns for operators why the request was refused: the description, and the cause that the caller
// does not learn. A cause that repeats the description, or is repeated by it, does not stand there twice.
func (e *Error) Reason() string {
	if e.cause == nil {
		return e.Description
	}
	cause := e.cause.Error()
	if inner, ok := e.cause.(*Error); ok { //nolint:errorlint // deeper ones are part of the text
		cause = inner.Reason() // its code is another answer's
	}
	switch {
	case strings.Contains(cause, e.Description):
		return cause
	case strings.Contains(e.Description, cause):
		return e.Description
	}
	return e.Description + ": " + cause
}

// Error is for logs; it holds the cause and must not be sent to a caller.
func (e *Error) Error() string {
	return string(e.Code) + ": " + e.Reason()
}

// Unwrap returns the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// AsError finds the refusal in err. Whatever is not a refusal is a server_error: a rule that wants
// to say something else has to say it.
func AsError(err error) *Error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return Refuse(ServerError, "the server met an unexpected condition", err)
}
