package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
)

// Handler is an HTTP handler that may fail. It returns the error, and Handle answers with it.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Style answers a request with an error, in the form that its kind of caller reads.
type Style func(w http.ResponseWriter, r *http.Request, err error)

// Handle returns an http.Handler whose errors are answered in a style.
func Handle(style Style, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			style(w, r, err)
		}
	})
}

// Errors turns errors into answers. It is the only mapping from an error to a status, a redirect or a page. Any error
// that is not an *oauth.Error is answered as server_error; its cause goes to the log and nowhere else. It is safe for
// concurrent use.
type Errors struct {
	Log *slog.Logger
	// Events receives every refusal that no other event records; nil: none is recorded.
	Events event.Sink
	// Page draws the error page for a person. It must use HTML to answer.
	Page func(w http.ResponseWriter, r *http.Request, status int, e *oauth.Error, requestID string)
	// FormPost draws the page that posts fields to a client's validated URI (response_mode=form_post). The page submits
	// itself.
	FormPost func(w http.ResponseWriter, r *http.Request, uri string, fields url.Values) error
}

// statusOf returns the status of an error code.
func statusOf(code oauth.Code) int {
	switch code {
	case oauth.InvalidClient, oauth.InvalidToken: // RFC 6749 §5.2, RFC 6750 §3.1
		return http.StatusUnauthorized
	case oauth.InsufficientScope, oauth.ForbiddenByOrigin: // RFC 6750 §3.1
		return http.StatusForbidden
	case oauth.NotFound:
		return http.StatusNotFound
	case oauth.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case oauth.AlreadyExists, oauth.Conflict:
		return http.StatusConflict
	case oauth.PreconditionFailed:
		return http.StatusPreconditionFailed
	case oauth.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case oauth.RequestEntityTooLarge:
		return http.StatusRequestEntityTooLarge
	case headersTooLong:
		return http.StatusRequestHeaderFieldsTooLarge
	case oauth.SlowDown:
		return http.StatusTooManyRequests
	case oauth.ServerError:
		return http.StatusInternalServerError
	case oauth.TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// API answers a client of an endpoint with JSON (RFC 6749 §5.2).
func (e *Errors) API(w http.ResponseWriter, r *http.Request, err error) {
	refusal := e.read(w, r, err, slog.LevelDebug)
	if refusal.Code == oauth.InvalidClient || refusal.Code == oauth.InvalidToken {
		challengeAsAsked(w, r, refusal)
	}
	writeError(w, refusal)
}

// Bearer answers a caller that sent an access token. The reason is in WWW-Authenticate (RFC 6750 §3), and also in the
// body for clients that read it there.
func (e *Errors) Bearer(w http.ResponseWriter, r *http.Request, err error) {
	refusal := e.read(w, r, err, slog.LevelDebug)
	switch refusal.Code {
	case oauth.InvalidRequest, oauth.InvalidToken, oauth.InsufficientScope:
		w.Header().Set("WWW-Authenticate", bearerChallenge(r, refusal))
	default: // an error that does not concern the token
	}
	writeError(w, refusal)
}

// Browser answers a person. It redirects to the client when the error has a validated redirect URI; otherwise it shows
// a page of this server, and never redirects (RFC 6749 §4.1.2.1).
func (e *Errors) Browser(w http.ResponseWriter, r *http.Request, err error) {
	refusal := e.read(w, r, err, levelOfPage(err))
	if refusal.Return != nil {
		fields := url.Values{"error": {string(refusal.Code)}, "error_description": {printable(refusal.Description)}}
		if err = e.SendBack(w, r, *refusal.Return, fields); err == nil {
			return
		}
		refusal = e.read(w, r, err, slog.LevelInfo)
	}
	e.Page(w, r, pageStatus(refusal.Code), refusal, event.OriginOf(r.Context()).RequestID)
}

// Either answers a request of an unknown kind of caller: with a page if it accepts HTML, else with JSON.
func (e *Errors) Either(w http.ResponseWriter, r *http.Request, err error) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		e.Browser(w, r, err)
		return
	}
	e.API(w, r, err)
}

// SendBack sends an authorization answer to a client, with its state and the issuer (RFC 9207).
func (e *Errors) SendBack(w http.ResponseWriter, r *http.Request, to oauth.Return, fields url.Values) error {
	if to.State != "" {
		fields.Set("state", to.State)
	}
	if to.Issuer != "" {
		fields.Set("iss", to.Issuer)
	}
	if to.Mode == oauth.ModeFormPost {
		return e.FormPost(w, r, to.URI, fields)
	}
	SeeOther(w, withQuery(to.URI, fields))
	return nil
}

// read finds the refusal, logs it at least at a level, and sets the headers that every error answer has.
func (e *Errors) read(w http.ResponseWriter, r *http.Request, err error, least slog.Level) *oauth.Error {
	refusal := oauth.AsError(err)
	if refusal.Code == oauth.ServerError && r.Context().Err() != nil && errors.Is(err, r.Context().Err()) {
		refusal = oauth.Unavailable(err) // the timeout passed, or the caller disconnected: not an internal error
	}
	refusal = withNoted(r, refusal)
	e.log(r, refusal, least)
	e.record(r, refusal)
	noStore(w.Header())
	switch refusal.Code {
	case oauth.TemporarilyUnavailable, oauth.SlowDown:
		if limit := ratelimit.Hit(err); limit != nil {
			setLimitHeaders(w.Header(), limit)
		}
		if w.Header().Get("Retry-After") == "" {
			w.Header().Set("Retry-After", "1")
		}
	case oauth.RequestEntityTooLarge, headersTooLong:
		w.Header().Set("Connection", "close") // the rest of the body is not read
	default:
	}
	return refusal
}

func (e *Errors) log(r *http.Request, refusal *oauth.Error, level slog.Level) {
	switch {
	case errors.Is(r.Context().Err(), context.Canceled): // the caller disconnected
		level = slog.LevelDebug
	case refusal.Code == oauth.ServerError:
		level = slog.LevelError
	case refusal.Code == oauth.TemporarilyUnavailable:
		level = slog.LevelWarn
	}
	id := event.OriginOf(r.Context()).RequestID
	attrs := []slog.Attr{
		slog.String("request_id", id),
		slog.String("route", routeOf(r)),
		slog.String("code", string(refusal.Code)),
		slog.String("cause", refusal.Error()),
	}
	if code := event.SupportCode(id); code != id && level > slog.LevelDebug {
		attrs = append(attrs, slog.String("support_code", code))
	}
	e.Log.LogAttrs(r.Context(), level, "request answered with an error", attrs...)
}

// record emits an event for a refusal; every refusal passes here. Left out are refusals that were recorded already
// (WasRecorded, limit.hit), outages, and paths that do not exist, because scanners would fill the log with them.
// A read of something absent is left out as well: otherwise every look-up by the command line would be recorded.
func (e *Errors) record(r *http.Request, refusal *oauth.Error) {
	route := routeOf(r)
	switch {
	case e.Events == nil, route == unmatched, refusal.WasRecorded():
		return
	case refusal.Code == oauth.NotFound && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return
	case refusal.Code == oauth.TemporarilyUnavailable, refusal.Code == oauth.SlowDown, refusal.Code == oauth.MethodNotAllowed:
		return
	}
	about := refusal.Facts
	e.Events.Emit(r.Context(), event.RequestRefused{
		Actor: event.Actor(about.Actor), User: about.User, Client: about.Client,
		Route: route, Code: refusal.Code, Reason: shortened(oauth.CutRuns(refusal.Reason())),
		SentClient: shortened(oauth.CutSent(about.SentClient)), SentRedirectURI: shortened(oauth.CutSentURI(about.SentRedirectURI)),
	})
}

// maxRecorded bounds a recorded reason or parameter, in bytes.
const maxRecorded = 512

// shortened returns a value for the audit log: at most maxRecorded bytes of valid text on one line.
func shortened(text string) string {
	if len(text) > maxRecorded {
		text = text[:maxRecorded] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}

func writeError(w http.ResponseWriter, refusal *oauth.Error) {
	body := map[string]string{"error": string(refusal.Code)}
	if refusal.Description != "" {
		body["error_description"] = printable(refusal.Description)
	}
	writeJSON(w, statusOf(refusal.Code), body)
}

// pageStatus differs from statusOf in one thing: a 401 without a challenge means nothing to a
// browser, so an error about a client is shown to a person with 400.
func pageStatus(code oauth.Code) int {
	if status := statusOf(code); status != http.StatusUnauthorized {
		return status
	}
	return http.StatusBadRequest
}

// challengeAsAsked challenges in the scheme that the client used (RFC 6749 §5.2). A request without authentication
// gets no challenge: a browser that runs a single-page app would open its password dialog.
func challengeAsAsked(w http.ResponseWriter, r *http.Request, refusal *oauth.Error) {
	tried := r.Header.Get("Authorization")
	scheme, _, _ := strings.Cut(tried, " ")
	switch {
	case tried == "":
	case strings.EqualFold(scheme, "Bearer"):
		w.Header().Set("WWW-Authenticate", bearerChallenge(r, refusal))
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth2d", charset="UTF-8"`)
	}
}

func bearerChallenge(r *http.Request, refusal *oauth.Error) string {
	// RFC 6750 §3.1: a request without any authentication gets the scheme and no error code.
	if r.Header.Get("Authorization") == "" && refusal.Code == oauth.InvalidToken {
		return `Bearer realm="oauth2d"`
	}
	return `Bearer realm="oauth2d", error="` + string(refusal.Code) +
		`", error_description="` + printable(refusal.Description) + `"`
}

// printable keeps the characters that an error_description may hold (RFC 6749 §5.2): printable ASCII without
// quote and backslash, which also makes it safe inside a quoted header value.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, text)
}
