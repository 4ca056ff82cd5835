package web

import (
	"log/slog"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// NoteClient records the registered client that sent a request. A later refusal without a client is recorded with this
// one, and an error page can link to it.
func NoteClient(r *http.Request, id oauth.ClientID) { exchangeOf(r).client = id }

// withNoted returns the refusal with the noted client, unless it already has one.
func withNoted(r *http.Request, refusal *oauth.Error) *oauth.Error {
	x := exchangeOf(r)
	if x.client == "" || refusal.Facts.Client != "" {
		return refusal
	}
	noted := *refusal
	noted.Facts.Client = x.client
	return &noted
}

// levelOfPage returns the level at which an error page is logged: a person may report its code. The page for a path
// that is not served has no code, and an error that goes back to the client is for the client to log.
func levelOfPage(err error) slog.Level {
	refusal := oauth.AsError(err)
	if refusal.Return != nil || refusal.Code == oauth.NotFound || refusal.Code == oauth.MethodNotAllowed {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
