package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// record gives the recorder that w already is, or wraps w.
func record(w http.ResponseWriter) *recorder {
	if own, ok := w.(*recorder); ok {
		return own
	}
	return &recorder{ResponseWriter: w}
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(body []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(body)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find what is beneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// answered tells whether the status line has left.
func (r *recorder) answered() bool { return r.status != 0 }

// sent is the status for logs and counters: a handler that wrote nothing has answered 200.
func (r *recorder) sent() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// unmatched is the route of requests for which there is none; their paths are the callers' words.
const unmatched = "unmatched"

// routeOf gives the pattern of the route that matched. It is complete only after the router ran.
func routeOf(r *http.Request) string {
	if routing := chi.RouteContext(r.Context()); routing != nil {
		if pattern := routing.RoutePattern(); pattern != "" && pattern != "/*" {
			return pattern
		}
	}
	return unmatched
}
