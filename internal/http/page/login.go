package page

import (
	"errors"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
)

const purposeLogin = "login"

// login is what the sign-in page shows.
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
	Wrong       bool   // the name and the password do not go together
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
	interaction, browser := r.URL.Query().Get(fieldInteraction), p.o.Cookies.Browser(w, r)
	pending, interaction, err := p.resume(r, interaction, browser)
	if err != nil {
		return err
	}
	person, err := p.person(r)
	if err != nil {
		return err
	}
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
	user, err := p.o.Directory.Verify(r.Context(), name, password)
	if err != nil {
		if oauth.AsError(err).Code == oauth.AccessDenied {
			return p.drawLogin(w, r, pending, again)
		}
		return err
	}
	if user.MustChange {
		return p.letChoose(w, r, user, interaction)
	}
	signedIn, err := p.begin(w, r, user)
	if err != nil {
		return err
	}
	if !signedIn {
		return p.drawLogin(w, r, pending, again)
	}
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

// begin starts a session under a new cookie and ends the one the browser had (RFC 9700 §4.7; a
// presented cookie is never taken over, so that nobody can plant one). It answers false when the
// password or the user stopped being good meanwhile: nothing has begun then.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request, user oauth.User) (bool, error) {
	earlier, err := p.person(r)
	if err != nil {
		return false, err
	}
	var root oauth.RootTag // what the same user allowed in this browser stays with it
	if earlier != nil && earlier.User == user.ID {
		root = earlier.Root
	}
	ctx, release := commit.Begin(r.Context())
	defer release()
	cookie, started, err := p.o.Sessions.Start(ctx, user, oauth.Proof{ACR: oauth.ACRPassword, AMR: []string{oauth.AMRPassword}}, root)
	if err != nil {
		return false, err
	}
	if still, err := p.o.Directory.Still(ctx, user); err != nil || !still {
		return false, errors.Join(err, p.o.Sessions.End(ctx, started, session.ReasonRefused))
	}
	if earlier != nil {
		if err := p.o.Sessions.Replace(ctx, *earlier, started); err != nil {
			return false, err
		}
	}
	p.o.Cookies.Set(w, web.SessionCookie, cookie.Reveal(), 0)
	return true, nil
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
