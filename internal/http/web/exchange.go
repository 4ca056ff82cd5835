package web

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// exchange is one request and its answer. It is the context of the request and the writer of the answer, and holds what
// middleware and handlers note about both, so that a request needs one allocation and one context of its own.
type exchange struct {
	context.Context     // of the request; see Timeout for its end
	http.ResponseWriter // of the answer

	began       time.Time
	now         func() time.Time
	timeout     timeout
	origin      event.Origin
	client      oauth.ClientID // see NoteClient
	trace       string         // the id of the trace; empty when the request is not traced
	headerBytes int            // of the request; see HeaderLimit

	status int   // of the answer; 0: not sent yet
	bytes  int64 // of the body of the answer

	routing  chi.Context // read by the router, which would otherwise make another context
	patterns [1]string   // the memory of routing.RoutePatterns
	headers  [16]string  // the memory of the values that set puts into the header of the answer
	used     int         // of headers
}

type exchangeKey struct{}

// exchangeOf returns the exchange of a request. Every request passes Frame; one that did not, in a test, has an empty
// exchange.
func exchangeOf(r *http.Request) *exchange {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{Context: r.Context()}
}

// Value implements context.Context.
func (x *exchange) Value(key any) any {
	switch key.(type) {
	case exchangeKey:
		return x
	case event.OriginKey:
		return &x.origin
	}
	if key == chi.RouteCtxKey {
		return &x.routing
	}
	if x.timeout.running.Load() {
		return x.timeout.ctx.Value(key) // so that contexts made of this one find the one that cancels them
	}
	return x.Context.Value(key)
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(body []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(body)
	x.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// answered reports whether the status line was sent.
func (x *exchange) answered() bool { return x.status != 0 }

// sent returns the status for logs and metrics: a handler that wrote nothing has answered 200.
func (x *exchange) sent() int {
	if x.status == 0 {
		return http.StatusOK
	}
	return x.status
}

// set sets a header of the answer without an allocation. The name is in canonical form.
func (x *exchange) set(h http.Header, name, value string) {
	if x.used == len(x.headers) {
		h[name] = []string{value}
		return
	}
	at := x.used
	x.headers[at], x.used = value, at+1
	h[name] = x.headers[at : at+1 : at+1] // of capacity 1, so that an append to it copies it
}

// SetHeader sets a header of an answer without an allocation. The name must be in canonical form.
func SetHeader(w http.ResponseWriter, name, value string) {
	if x, ok := w.(*exchange); ok {
		x.set(w.Header(), name, value)
		return
	}
	w.Header()[name] = []string{value}
}

// unmatched is the route of requests that match none. Their paths come from the caller and must not become labels.
const unmatched = "unmatched"

// route returns the pattern of the route that matched. It is complete only after the router ran.
func (x *exchange) route() string {
	if pattern := x.routing.RoutePattern(); pattern != "" && pattern != "/*" {
		return pattern
	}
	return unmatched
}

// routeOf returns the route of a request.
func routeOf(r *http.Request) string { return exchangeOf(r).route() }
