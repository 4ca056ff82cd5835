package web

import "github.com/recipe-web-app/oauth2d/internal/event"

const requestIDHeader = "X-Request-Id"

// requestID returns the id of a request: it is in its context, its answer and every log line. Only a listed proxy may
// send its own id; any other caller could forge log entries of another request. A generated id is short, because it is
// also the code that a person reports (event.SupportCode).
func requestID(sent string, byProxy bool) string {
	if byProxy && validRequestID(sent) {
		return sent
	}
	return event.NewRequestID()
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
