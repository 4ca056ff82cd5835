package web

import (
	"errors"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Person returns the session of the cookie of a request; nil when nobody is signed in.
func (c Cookies) Person(r *http.Request, sessions *session.Sessions) (*oauth.Session, error) {
	found, err := sessions.Find(r.Context(), oauth.Token(c.Get(r, SessionCookie)))
	switch {
	case errors.Is(err, store.Absent):
		return nil, nil //nolint:nilnil // nil means that nobody is signed in
	case err != nil:
		return nil, err
	}
	return &found, nil
}
