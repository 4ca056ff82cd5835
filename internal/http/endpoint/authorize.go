package endpoint

import (
	"net/http"
	"net/url"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
)

// Authorize is the authorization endpoint (RFC 6749 §3.1). Pages return to it with the
// interaction, and it decides again what comes next.
type Authorize struct {
	Authorizer *authorize.Authorizer
	Sessions   *session.Sessions
	Cookies    web.Cookies
	Errors     *web.Errors
	Login      string // path of the page that signs a person in
	Consent    string // path of the page that asks for consent
}

// Serve takes a request one step further.
func (e *Authorize) Serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	pending, err := e.pending(r)
	if err != nil {
		return err
	}
	web.NoteClient(r, pending.Client.ID)
	if r.Method == http.MethodPost {
		return e.bounce(w, r, pending)
	}
	person, err := e.Cookies.Person(r, e.Sessions)
	if err != nil {
		return oauth.AsError(err).To(pending.Return)
	}
	step, err := e.Authorizer.Step(ctx, &pending, person)
	switch {
	case err != nil:
		return err
	case step == authorize.NeedLogin:
		return e.ask(w, r, e.Login, pending)
	case step == authorize.NeedConsent:
		return e.ask(w, r, e.Consent, pending)
	}
	answer, err := e.Authorizer.Issue(ctx, pending, *person)
	if err != nil {
		return err
	}
	return e.Errors.SendBack(w, r, answer.Return, url.Values{"code": {answer.Code.Reveal()}})
}

func (e *Authorize) pending(r *http.Request) (authorize.Continuation, error) {
	// Read separately: it holds a whole request, and may be longer than a parameter may be.
	if sealed := r.URL.Query().Get(web.ParamInteraction); sealed != "" && r.Method == http.MethodGet {
		if r.URL.Query().Has(web.ParamRestart) {
			return e.Authorizer.Restart(r.Context(), sealed)
		}
		return e.Authorizer.Resume(r.Context(), sealed, e.Cookies.BrowserOf(r))
	}
	params, err := readAuthorization(r)
	if err != nil && oauth.AsError(err).Code != oauth.InvalidRequest {
		return authorize.Continuation{}, err
	}
	request, err := e.Authorizer.Check(r.Context(), authorize.AtAuthorize, authorize.Sent{Params: params, Malformed: err})
	return e.Authorizer.Begin(request), err
}

// bounce turns a request by POST (OIDC Core §3.1.2.1) into a GET on our own origin, which decides it. A post from
// another site carries no SameSite=Lax cookie, so that a session would not be found; the GET that follows a redirect
// carries it.
func (e *Authorize) bounce(w http.ResponseWriter, r *http.Request, pending authorize.Continuation) error {
	sealed, err := e.Authorizer.Seal(r.Context(), pending, nil)
	if err != nil {
		return err
	}
	web.SeeOther(w, r.URL.Path+"?"+url.Values{web.ParamInteraction: {sealed}}.Encode())
	return nil
}

// readAuthorization reads a request by GET or by POST (RFC 6749 §3.1). Its error goes to the checks,
// which know where it may be sent.
func readAuthorization(r *http.Request) (oauth.Params, error) {
	if r.Method == http.MethodPost {
		return readForm(r)
	}
	return readQuery(r)
}

func (e *Authorize) ask(w http.ResponseWriter, r *http.Request, page string, pending authorize.Continuation) error {
	sealed, err := e.Authorizer.Seal(r.Context(), pending, e.Cookies.Browser(w, r))
	if err != nil {
		return err
	}
	web.SeeOther(w, page+"?"+url.Values{web.ParamInteraction: {sealed}}.Encode())
	return nil
}
