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

// kindOf gives the family of messages for an error code.
func kindOf(code oauth.Code) string {
	switch code { //nolint:exhaustive // every other code means the same to a person
	case oauth.InvalidRequest, oauth.InvalidRedirectURI, oauth.UnauthorizedClient, oauth.InvalidScope, oauth.InvalidTarget:
		return "request"
	case oauth.StaleInteraction:
		return "stale"
	case oauth.ForbiddenByOrigin:
		return "forbidden"
	case oauth.NotFound, oauth.MethodNotAllowed:
		return "missing"
	case oauth.TemporarilyUnavailable:
		return "busy"
	case oauth.SlowDown:
		return "slow"
	}
	return "default"
}

// Error tells a person what happened and what they can do. The cause of e is not shown.
func (p *Pages) Error(w http.ResponseWriter, r *http.Request, status int, e *oauth.Error, requestID string) {
	kind := kindOf(e.Code)
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
