package page

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// failure holds the data of the error page. Nothing in it came from the address but a sealed interaction.
type failure struct {
	Kind        string // the family of messages
	Code        oauth.Code
	Description string
	Support     string        // the code for support; empty where it would find nothing
	Wait        time.Duration // until trying again may help; zero where nobody knows
	Next        []nextStep    // what the person can do now, the likeliest first
}

// nextStep is a link that leads on.
type nextStep struct {
	Text string // a message's key
	App  string // fills {app}
	Href template.URL
}

// The families of messages.
const (
	kindRequest   = "request"
	kindStale     = "stale"
	kindAnswered  = "answered"
	kindForbidden = "forbidden"
	kindMissing   = "missing"
	kindBusy      = "busy"
	kindSlow      = "slow"
	kindDefault   = "default"
)

// kindOf returns the family of messages for an error code.
func kindOf(code oauth.Code) string {
	switch code { //nolint:exhaustive // every other code means the same to a person
	case oauth.InvalidRequest, oauth.InvalidRedirectURI, oauth.UnauthorizedClient, oauth.InvalidScope, oauth.InvalidTarget:
		return kindRequest
	case oauth.StaleInteraction:
		return kindStale
	case oauth.AlreadyAnswered:
		return kindAnswered
	case oauth.ForbiddenByOrigin:
		return kindForbidden
	case oauth.NotFound, oauth.MethodNotAllowed:
		return kindMissing
	case oauth.TemporarilyUnavailable:
		return kindBusy
	case oauth.SlowDown:
		return kindSlow
	}
	return kindDefault
}

// Error shows a person what happened and what they can do. The cause of e is not shown.
func (p *Pages) Error(w http.ResponseWriter, r *http.Request, status int, e *oauth.Error, requestID string) {
	shown := failure{Kind: kindOf(e.Code), Code: e.Code, Description: e.Description, Support: event.SupportCode(requestID)}
	switch shown.Kind {
	case kindMissing:
		shown.Support = "" // anybody can ask for any address: nothing is recorded
	case kindSlow:
		shown.Wait = waitOf(w.Header())
	}
	shown.Next = p.nextSteps(r, shown.Kind, e.Facts.Client)
	if err := p.draw(w, r, sheet{name: "error", status: status, data: shown}); err != nil {
		web.HTML(w, http.StatusInternalServerError, []byte("<!doctype html><title>Error</title><h1>Something went wrong</h1>"))
	}
}

// waitOf reads how long the caller is to wait.
func waitOf(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// nextSteps lists where a person can go from an error. The address of the page itself is "", so that nothing
// of it is repeated.
func (p *Pages) nextSteps(r *http.Request, kind string, from oauth.ClientID) []nextStep {
	var steps []nextStep
	here, signIn := nextStep{Text: "error.again"}, nextStep{Text: "error.sign_in", Href: trusted(p.o.Base + web.PathLogin)}
	account := nextStep{Text: "error.account", Href: trusted(p.o.Base + web.PathAccount)}
	name, home := p.appOf(r, from)
	if home != "" {
		steps = append(steps, nextStep{Text: "error.back", App: name, Href: trusted(home)})
	}
	switch kind {
	case kindBusy, kindSlow:
		steps = append([]nextStep{here}, steps...)
	case kindForbidden:
		steps = append([]nextStep{{Text: "error.open"}}, append(steps, signIn)...)
	case kindAnswered:
		steps = append(steps, nextStep{Text: "error.answered.restart", Href: trusted(p.restart(r))})
	case kindStale:
		steps = append(steps, signIn)
	case kindRequest, kindMissing:
		steps = append(steps, account)
	default:
		steps = append(steps, here)
	}
	if help := p.look.Load().SupportURL; help != "" {
		steps = append(steps, nextStep{Text: "error.support", Href: trusted(help)})
	}
	return steps
}

// restart is where a request that was answered begins anew. What the address held is a sealed interaction of
// ours: it was opened before the request could be refused for this reason.
func (p *Pages) restart(r *http.Request) string {
	return withInteraction(p.o.Authorize, r.URL.Query().Get(fieldInteraction)) + "&" + web.ParamRestart + "=1"
}

// appOf returns the name and the start page of the application that sent the person here: the origin of
// its first registered redirect URI that a browser can open. Both are empty when it is not known.
func (p *Pages) appOf(r *http.Request, id oauth.ClientID) (name, home string) {
	if id == "" || p.o.Clients == nil {
		return "", ""
	}
	client, err := p.o.Clients.Client(r.Context(), id)
	if err != nil || client.Disabled {
		return "", "" // the page is about another error already
	}
	for _, uri := range client.RedirectURIs {
		u, err := url.Parse(uri)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http" && u.Port() != "") {
			return nameOf(client), u.Scheme + "://" + u.Host + "/"
		}
	}
	return "", ""
}
