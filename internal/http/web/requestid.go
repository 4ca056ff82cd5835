package web

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

const requestIDHeader = "X-Request-Id"

// RequestID assigns an id to every request: in its context, its answer and every log line. Only a listed proxy may send
// its own id; any other caller could forge log entries of another request. A generated id is short, because it is also
// the code that a person reports (event.SupportCode).
func RequestID(proxies Proxies) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get(requestIDHeader)
			if !proxies.trusts(r.RemoteAddr) || !validRequestID(id) {
				id = event.NewRequestID()
			}
			origin := event.OriginOf(r.Context())
			origin.RequestID = id
			w.Header().Set(requestIDHeader, id)
			next.ServeHTTP(w, r.WithContext(event.WithOrigin(r.Context(), origin)))
		})
	}
}

func validRequestID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
