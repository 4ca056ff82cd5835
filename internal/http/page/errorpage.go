package page

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// failure is what the error page shows. Nothing in it came from the address.
type failure struct {
	Kind        string // the family of messages
	Code        oauth.Code
	Description string
	RequestID   string
	Again       bool // loading the page again may help
}

// kinds gives the family of messages for an error code; every other code is told as "default".
var kinds = map[oauth.Code]string{
	oauth.InvalidRequest:         "request",
	oauth.InvalidRedirectURI:     "request",
	oauth.UnauthorizedClient:     "request",
	oauth.InvalidScope:           "request",
	oauth.InvalidTarget:          "request",
	oauth.StaleInteraction:       "stale",
	oauth.ForbiddenByOrigin:      "forbidden",
	oauth.NotFound:               "missing",
	oauth.MethodNotAllowed:       "missing",
	oauth.TemporarilyUnavailable: "busy",
	oauth.SlowDown:               "slow",
}

// Error tells a person what happened and what they can do. The cause of e is not shown.
func (p *Pages) Error(w http.ResponseWriter, r *http.Request, status int, e *oauth.Error, requestID string) {
	kind, known := kinds[e.Code]
	if !known {
		kind = "default"
	}
	err := p.draw(w, r, sheet{name: "error", status: status, data: failure{
		Kind:        kind,
		Code:        e.Code,
		Description: e.Description,
		RequestID:   requestID,
		Again:       kind == "busy",
	}})
	if err != nil {
		web.HTML(w, http.StatusInternalServerError, []byte("<!doctype html><title>Error</title><p>Something went wrong."))
	}
}
