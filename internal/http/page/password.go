package page

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const (
	purposePassword = "password"
	fieldChoice     = "choice"
)

// newPassword is what the page shows on which somebody who has to change their password chooses one.
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

// letChoose sends somebody who typed the right password to the page on which they choose another one.
// Nobody is signed in until they did.
func (p *Pages) letChoose(w http.ResponseWriter, r *http.Request, user oauth.User, interaction string) error {
	choice, err := p.o.Directory.LetChoose(r.Context(), user, p.o.Cookies.Browser(w, r))
	if err != nil {
		return err
	}
	web.SeeOther(w, p.choicePath(choice, interaction))
	return nil
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
	user, err := p.o.Directory.Chooser(r.Context(), sent.Get(fieldChoice), browser)
	switch {
	case errors.Is(err, store.Absent): // chosen already by a form that was sent twice, or too long ago: sign in again
		p.onward(w, interaction)
		return nil
	case err != nil:
		return err
	}
	shown := newPassword{Interaction: interaction, Choice: sent.Get(fieldChoice), Username: user.Name}
	if r.Method != http.MethodPost {
		return p.drawPassword(w, r, pending, shown)
	}
	err = p.o.Directory.CheckChoice(r.Context(), user, sent.Get(fieldNew))
	switch {
	case errors.Is(err, directory.ErrSamePassword):
		shown.Same = true
	case err != nil && oauth.AsError(err).Code == oauth.InvalidRequest:
		shown.Weak = weakness(err)
	case err != nil:
		return err
	default:
		return p.choose(w, r, user, shown.Interaction, sent.Get(fieldNew))
	}
	return p.drawPassword(w, r, pending, shown)
}

// choose sets the password, and signs the person in here and out everywhere else. The other sessions
// end first: when that fails nothing has changed and the form can be sent again, and nobody can begin
// one with a password that has to be changed.
func (p *Pages) choose(w http.ResponseWriter, r *http.Request, user oauth.User, interaction, fresh string) error {
	ctx, release := commit.Begin(r.Context())
	defer release()
	if err := p.o.Sessions.EndAll(ctx, user.ID, "", reasonPassword); err != nil {
		return err
	}
	user, err := p.o.Directory.Choose(ctx, user, fresh)
	if err == nil {
		_, err = p.begin(w, r.WithContext(ctx), user)
	}
	if err != nil && !errors.Is(err, store.Conflict) && !errors.Is(err, store.Absent) {
		return err
	}
	p.onward(w, interaction) // where whoever could not be signed in is asked to do so
	return nil
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
