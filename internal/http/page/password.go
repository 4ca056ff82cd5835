package page

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const (
	purposePassword = "password"
	fieldChoice     = "choice"
)

// newPassword holds the data of the page on which a person chooses another password because they must.
type newPassword struct {
	App         string // empty when nobody but the person asked
	Interaction string
	Choice      string // whose sign-in waits
	Action      string // names the two, so that loading the answer again loses nothing
	Token       string
	Cancel      string // where giving up leads; empty without an App
	Username    string
	Weak        string // what is wrong with the password that was typed, a message's key
	Same        bool   // it is the one in use
	Least       string // how many characters a new one has
}

func (p *Pages) choicePath(choice, interaction string) string {
	query := url.Values{fieldChoice: {choice}}
	if interaction != "" {
		query.Set(fieldInteraction, interaction)
	}
	return p.o.Base + web.PathPassword + "?" + query.Encode()
}

// Password is the page of a sign-in that waits for a new password.
func (p *Pages) Password(w http.ResponseWriter, r *http.Request) error {
	sent, browser := r.URL.Query(), p.o.Cookies.Browser(w, r)
	if r.Method == http.MethodPost {
		var err error
		if sent, err = readForm(r); err != nil {
			return err
		}
		if err := p.check(form{purpose: purposePassword, browser: browser}, sent.Get(fieldToken)); err != nil {
			return err
		}
	}
	pending, interaction, err := p.resume(r, sent.Get(fieldInteraction), browser)
	if err != nil {
		return err
	}
	state, err := p.o.SignIn.Resume(r.Context(), sent.Get(fieldChoice), browser)
	switch {
	case errors.Is(err, store.Absent) || err == nil && signin.Next(state) != signin.NewPassword:
		p.onward(w, interaction) // chosen already by a form that was sent twice, or too long ago: sign in again
		return nil
	case err != nil:
		return err
	}
	shown := newPassword{Interaction: interaction, Choice: sent.Get(fieldChoice), Username: state.Account.User.Name}
	if r.Method != http.MethodPost {
		return p.drawPassword(w, r, pending, shown)
	}
	cookie, err := p.o.SignIn.Choose(r.Context(), state, sent.Get(fieldNew), p.cookie(r))
	if err == nil {
		p.o.Cookies.Set(w, web.SessionCookie, cookie.Reveal(), 0)
		p.onward(w, interaction)
		return nil
	}
	switch oauth.AsError(err).Code { //nolint:exhaustive // every other error has its own page
	case oauth.AccessDenied: // the sign-in is over: the person is asked to sign in again
		p.onward(w, interaction)
		return nil
	case oauth.InvalidRequest:
		shown.Same = errors.Is(err, directory.ErrSamePassword)
		if !shown.Same {
			shown.Weak = weakness(err)
		}
		return p.drawPassword(w, r, pending, shown)
	}
	return err
}

// drawPassword answers 400 to a password that cannot be chosen.
func (p *Pages) drawPassword(w http.ResponseWriter, r *http.Request, pending *authorize.Continuation, shown newPassword) error {
	s := sheet{name: "password", status: http.StatusOK, script: scriptReveal}
	if shown.Weak != "" || shown.Same {
		s.status = http.StatusBadRequest
	}
	shown.Least = strconv.Itoa(p.o.Directory.MinLength())
	shown.Action = p.choicePath(shown.Choice, shown.Interaction)
	if pending != nil {
		s.locales, s.forms = pending.Locales, targets(pending.Return.URI)
		shown.App = nameOf(pending.Client)
		shown.Cancel = withInteraction(p.o.Base+web.PathLogin, shown.Interaction) + "&" + fieldCancel + "=1"
	}
	shown.Token = p.token(form{purpose: purposePassword, browser: p.o.Cookies.Browser(w, r)})
	s.data = shown
	return p.draw(w, r, s)
}
