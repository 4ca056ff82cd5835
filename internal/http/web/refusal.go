package web

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// note holds what a handler learned about a request before it failed.
type note struct{ client oauth.ClientID }

type noteKey struct{}

func withNote(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), noteKey{}, new(note)))
}

// NoteClient remembers for which registered client a request is made. A refusal that follows and does
// not say it itself is recorded with that client, and an error page can lead back to it.
func NoteClient(r *http.Request, id oauth.ClientID) {
	if n, ok := r.Context().Value(noteKey{}).(*note); ok {
		n.client = id
	}
}

// withNoted returns the refusal with the client that was noted, unless it names one.
func withNoted(r *http.Request, refusal *oauth.Error) *oauth.Error {
	n, ok := r.Context().Value(noteKey{}).(*note)
	if !ok || n.client == "" || refusal.Facts.Client != "" {
		return refusal
	}
	noted := *refusal
	noted.Facts.Client = n.client
	return &noted
}

// levelOfPage is the level at which an error page is logged: a person may report its code. An address that
// is not served has no code, and an error that goes back to the client is for the client to log.
func levelOfPage(err error) slog.Level {
	refusal := oauth.AsError(err)
	if refusal.Return != nil || refusal.Code == oauth.NotFound || refusal.Code == oauth.MethodNotAllowed {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
