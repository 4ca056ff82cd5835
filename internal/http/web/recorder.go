package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// recorder counts the bytes of an answer and keeps its status.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// record returns w if it is a recorder already, or else wraps it.
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

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// answered reports whether the status line was sent.
func (r *recorder) answered() bool { return r.status != 0 }

// sent returns the status for logs and metrics: a handler that wrote nothing has answered 200.
func (r *recorder) sent() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// unmatched is the route of requests that match none. Their paths come from the caller and must not become labels.
const unmatched = "unmatched"

// routeOf returns the pattern of the route that matched. It is complete only after the router ran.
func routeOf(r *http.Request) string {
	if routing := chi.RouteContext(r.Context()); routing != nil {
		if pattern := routing.RoutePattern(); pattern != "" && pattern != "/*" {
			return pattern
		}
	}
	return unmatched
}
