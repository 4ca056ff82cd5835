package page

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/signin"
)

const purposeLogin = "login"

// login holds the data of the sign-in page.
type login struct {
	App         string // empty when nobody but the person asked
	Interaction string
	Action      string // names the interaction too, so that loading the answer again loses nothing
	Token       string
	Cancel      string // where giving up leads; empty without an App
	Username    string
	Current     string // who is signed in already
	Choose      bool   // Current may go on without a password; nothing is typed
	Again       bool   // Current has to type their password again
	Onward      string // where Current goes on
	Other       string // where another account is used
	Ended       bool   // the browser has the cookie of a session that is over
	Wrong       bool   // the user name or the password was wrong
	NoUsername  bool
	NoPassword  bool
}

// Failed reports whether the page says that something typed was wrong.
func (l login) Failed() bool { return l.Wrong || l.NoUsername || l.NoPassword }

// Login is the sign-in page.
func (p *Pages) Login(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		return p.signIn(w, r)
	}
	return p.showLogin(w, r)
}

// showLogin shows the sign-in form. Somebody who is signed in and was sent by no client sees their
// account instead.
func (p *Pages) showLogin(w http.ResponseWriter, r *http.Request) error {
	v, err := p.visitor(w, r)
	if err != nil {
		return err
	}
	interaction, pending, person := v.interaction, v.pending, v.person
	if person != nil && (pending == nil || pending.Restarted) { // they may not need to sign in
		p.onward(w, interaction)
		return nil
	}
	if pending != nil && r.URL.Query().Has(fieldCancel) {
		return p.o.Authorizer.Deny(r.Context(), *pending, orNobody(person))
	}
	shown := login{Interaction: interaction}
	if pending != nil && len(pending.LoginHint) <= oauth.MaxUsername {
		shown.Username = pending.LoginHint
	}
	if person == nil {
		shown.Ended = p.o.Cookies.Sent(r, web.SessionCookie)
	} else {
		p.offerCurrent(r, &shown, pending, *person)
	}
	return p.drawLogin(w, r, pending, shown)
}

// offerCurrent lets somebody who is signed in go on as who they are, unless they asked for another account:
// at once where the request allows it, else with their password.
func (p *Pages) offerCurrent(r *http.Request, shown *login, pending *authorize.Continuation, person oauth.Session) {
	shown.Current = person.Username
	hinted := shown.Username != "" && shown.Username != person.Username
	if pending == nil || hinted || r.URL.Query().Has(fieldOther) {
		return
	}
	step, err := p.o.Authorizer.Step(r.Context(), pending, &person)
	if err == nil && step != authorize.NeedLogin {
		shown.Choose = true
		return
	}
	shown.Again, shown.Username = true, person.Username
}

// signIn checks what was typed into the sign-in form and starts a session.
func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	typed, err := readForm(r)
	if err != nil {
		return err
	}
	browser := p.o.Cookies.Browser(w, r)
	if err := p.check(form{purpose: purposeLogin, browser: browser}, typed.Get(fieldToken)); err != nil {
		return err
	}
	pending, interaction, err := p.resume(r, typed.Get(fieldInteraction), browser)
	if err != nil {
		return err
	}
	name, password := typed.Get(fieldUsername), typed.Get(fieldPassword)
	again, err := p.typedAgain(r, pending, name, interaction)
	if err != nil {
		return err
	}
	if name == "" || password == "" {
		again.NoUsername, again.NoPassword = name == "", password == ""
		return p.drawLogin(w, r, pending, again)
	}
	again.Wrong = true
	state, err := p.o.SignIn.Password(r.Context(), name, password)
	if err == nil {
		err = p.proceed(w, r, state, interaction)
	}
	if err != nil && oauth.AsError(err).Code == oauth.AccessDenied {
		return p.drawLogin(w, r, pending, again)
	}
	return err
}

// proceed leads to the step that a sign-in needs next, or starts the session and leads on to interaction.
func (p *Pages) proceed(w http.ResponseWriter, r *http.Request, state signin.State, interaction string) error {
	if signin.Next(state) == signin.NewPassword {
		sealed, err := p.o.SignIn.Seal(r.Context(), state, p.o.Cookies.Browser(w, r))
		if err != nil {
			return err
		}
		web.SeeOther(w, p.choicePath(sealed, interaction))
		return nil
	}
	cookie, err := p.o.SignIn.Begin(r.Context(), state, p.cookie(r))
	if err != nil {
		return err
	}
	p.o.Cookies.Set(w, web.SessionCookie, cookie.Reveal(), 0)
	p.onward(w, interaction)
	return nil
}

// typedAgain is the sign-in form as it is shown again after something typed was wrong: with the name that was
// typed, and for the account of the person who is signed in when it was theirs.
func (p *Pages) typedAgain(r *http.Request, pending *authorize.Continuation, name, interaction string) (login, error) {
	shown := login{Interaction: interaction, Username: bounded(name)}
	person, err := p.person(r)
	if err != nil || person == nil {
		return shown, err
	}
	shown.Current = person.Username
	shown.Again = pending != nil && name == person.Username
	return shown, nil
}

// drawLogin answers 401 to a wrong password and 200 otherwise, known and unknown names alike.
func (p *Pages) drawLogin(w http.ResponseWriter, r *http.Request, pending *authorize.Continuation, shown login) error {
	s := sheet{name: "login", status: http.StatusOK, script: scriptReveal}
	switch {
	case shown.Wrong:
		s.status = http.StatusUnauthorized
	case shown.NoUsername || shown.NoPassword:
		s.status = http.StatusBadRequest
	}
	shown.Action = withInteraction(p.o.Base+web.PathLogin, shown.Interaction)
	shown.Onward = withInteraction(p.o.Authorize, shown.Interaction)
	shown.Other = shown.Action + "&" + fieldOther + "=1"
	if pending != nil {
		s.locales, s.forms = pending.Locales, targets(pending.Return.URI)
		shown.App = nameOf(pending.Client)
		shown.Cancel = shown.Action + "&" + fieldCancel + "=1"
	}
	shown.Token = p.token(form{purpose: purposeLogin, browser: p.o.Cookies.Browser(w, r)})
	s.data = shown
	return p.draw(w, r, s)
}

// bounded is the name that was typed, unless it is too long to be one.
func bounded(name string) string {
	if len(name) > oauth.MaxUsername {
		return ""
	}
	return name
}

func orNobody(s *oauth.Session) oauth.Session {
	if s == nil {
		return oauth.Session{}
	}
	return *s
}
