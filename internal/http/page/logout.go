package page

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
)

const purposeLogout = "logout"

// leaving holds the data of the sign-out page.
type leaving struct {
	Username string
	Device   string
	Minutes  int // since the person signed in
	Token    string
}

// Logout asks whether to sign out, and does it; without a session it shows that nobody is signed in. A GET alone
// never signs anybody out: an image on another site could cause it.
func (p *Pages) Logout(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		return p.signOut(w, r)
	}
	return p.drawPerson(w, r, "logout", func() error {
		return p.draw(w, r, sheet{name: "signedout", status: http.StatusOK})
	})
}

// signOut ends the session of this browser, and what was granted in it.
func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	sent, err := readForm(r)
	if err != nil {
		return err
	}
	person, err := p.person(r)
	if err != nil {
		return err
	}
	if person != nil {
		from := form{purpose: purposeLogout, browser: p.o.Cookies.Browser(w, r), user: person.User}
		if err := p.check(from, sent.Get(fieldToken)); err != nil {
			return err
		}
		if err := p.o.Sessions.End(r.Context(), *person, session.ReasonLogout); err != nil {
			return err
		}
	} else if err := p.o.Sessions.ConfirmEnded(r.Context(), oauth.Token(p.o.Cookies.Get(r, web.SessionCookie))); err != nil {
		return err
	}
	// Clear only what the browser sent: a post from another site carries no Lax cookie, and must not take
	// away the cookie of somebody who is signed in.
	if p.o.Cookies.Sent(r, web.SessionCookie) {
		p.o.Cookies.Clear(w, web.SessionCookie)
	}
	web.SeeOther(w, p.o.Base+web.PathLogout)
	return nil
}

func (p *Pages) drawPerson(w http.ResponseWriter, r *http.Request, name string, nobody func() error) error {
	person, err := p.person(r)
	if err != nil {
		return err
	}
	if person == nil {
		return nobody()
	}
	browser := p.o.Cookies.Browser(w, r)
	return p.draw(w, r, sheet{name: name, status: http.StatusOK, data: leaving{
		Username: person.Username,
		Device:   person.Device,
		Minutes:  int(p.o.Now().Sub(person.AuthTime).Minutes()),
		Token:    p.token(form{purpose: purposeLogout, browser: browser, user: person.User}),
	}})
}
