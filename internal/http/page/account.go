package page

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const purposeAccount = "account"

// The names in the forms of the account page.
const (
	fieldAction  = "action"
	fieldSession = "session"
	fieldClient  = "client"
	fieldCurrent = "current_password"
	fieldNew     = "new_password"
	fieldAfter   = "after"

	actionEndSession = "end_session"
	actionEndOthers  = "end_others"
	actionWithdraw   = "withdraw"
	actionPassword   = "change_password"
)

const reasonAccount = "ended by the user"

// account holds the data of the account page.
type account struct {
	Username    string
	DisplayName string // empty when it is not known
	Email       string // likewise
	Sessions    []browser
	Others      bool // there are sessions beside this one
	Apps        []app
	More        string // where the next apps are; empty when there are none
	Token       string // of the forms of this page
	Leave       string // of the sign-out form
	Done        string // what was just done, a message's key
	Wrong       bool   // the current password
	Weak        string // what is wrong with the new one, a message's key
	Least       string // how many characters a new one has
	Same        bool   // the new one is the current one
}

// Failed reports whether the page says that something typed was wrong.
func (a account) Failed() bool { return a.Wrong || a.Weak != "" || a.Same }

// browser is one session.
type browser struct {
	Ref     oauth.SessionRef
	Device  string
	Started int // minutes ago
	Seen    int // minutes ago
	At      time.Time
	This    bool
}

// app is one client with access.
type app struct {
	ID     oauth.ClientID
	Name   string
	Scopes []permission
	Since  int // minutes ago
	At     time.Time
}

// Account is the user's own page: where they are signed in, which apps have access, their password. It redirects a
// person who is not signed in to the sign-in page.
func (p *Pages) Account(w http.ResponseWriter, r *http.Request) error {
	person, err := p.person(r)
	if err != nil {
		return err
	}
	if person == nil {
		web.SeeOther(w, p.o.Base+web.PathLogin)
		return nil
	}
	if r.Method == http.MethodPost {
		return p.changeAccount(w, r, *person)
	}
	return p.showAccount(w, r, *person, account{Done: doneOf(r.URL.Query().Get("done"))})
}

// doneOf keeps to the words of this page what an address says was done.
func doneOf(word string) string {
	switch word {
	case actionEndSession, actionEndOthers, actionWithdraw, actionPassword:
		return "account.done." + word
	}
	return ""
}

// showAccount draws the page; shown says what is special this time.
func (p *Pages) showAccount(w http.ResponseWriter, r *http.Request, person oauth.Session, shown account) error {
	shown.Least = strconv.Itoa(p.o.Directory.MinLength())
	sessions, err := p.o.Sessions.OfUser(r.Context(), person.User)
	if err != nil {
		return err
	}
	given, more, err := p.o.Authorizer.GivenBy(r.Context(), person.User, store.ClientTag(r.URL.Query().Get(fieldAfter)))
	if err != nil {
		return err
	}
	if more != "" {
		shown.More = p.o.Base + web.PathAccount + "?" + url.Values{fieldAfter: {string(more)}}.Encode() + "#apps"
	}
	user, err := p.o.Directory.Get(r.Context(), person.User)
	if err != nil && !errors.Is(err, store.Absent) {
		return err
	}
	shown.DisplayName, shown.Email = user.DisplayName, user.Email
	now, look := p.o.Now(), p.look.Load()
	for _, s := range sessions {
		shown.Sessions = append(shown.Sessions, browser{
			Ref: s.Ref, Device: s.Device, Started: minutes(now, s.Started), Seen: minutes(now, s.Seen), At: s.Seen, This: s.Ref == person.Ref,
		})
		shown.Others = shown.Others || s.Ref != person.Ref
	}
	for _, g := range given {
		shown.Apps = append(shown.Apps, app{
			ID: g.Client.ID, Name: nameOf(g.Client), Scopes: look.permissions(g.Scope), Since: minutes(now, g.Since), At: g.Since,
		})
	}
	cookie := p.o.Cookies.Browser(w, r)
	shown.Username = person.Username
	shown.Token = p.token(form{purpose: purposeAccount, browser: cookie, user: person.User})
	shown.Leave = p.token(form{purpose: purposeLogout, browser: cookie, user: person.User})
	status := http.StatusOK
	if shown.Failed() {
		status = http.StatusBadRequest
	}
	return p.draw(w, r, sheet{name: "account", status: status, script: scriptReveal, data: shown})
}

func minutes(now, then time.Time) int { return int(now.Sub(then).Minutes()) }

// changeAccount does what a form of the page asks for, and shows the page anew.
func (p *Pages) changeAccount(w http.ResponseWriter, r *http.Request, person oauth.Session) error {
	sent, err := readForm(r)
	if err != nil {
		return err
	}
	from := form{purpose: purposeAccount, browser: p.o.Cookies.Browser(w, r), user: person.User}
	if err := p.check(from, sent.Get(fieldToken)); err != nil {
		return err
	}
	action := sent.Get(fieldAction)
	switch action {
	case actionEndSession:
		err = p.endSession(r.Context(), person, oauth.SessionRef(sent.Get(fieldSession)))
	case actionEndOthers:
		err = p.o.Sessions.EndAll(r.Context(), person.User, person.Ref, reasonAccount)
	case actionWithdraw:
		err = p.o.Authorizer.Withdraw(r.Context(), person.User, oauth.ClientID(sent.Get(fieldClient)))
	case actionPassword:
		return p.changePassword(w, r, person, sent)
	default:
		return oauth.Refuse(oauth.InvalidRequest, "the form asks for nothing that this page does", nil)
	}
	if err != nil {
		return err
	}
	p.accountDone(w, action)
	return nil
}

// accountDone leads back to the page, so that loading it again repeats nothing.
func (p *Pages) accountDone(w http.ResponseWriter, action string) {
	web.SeeOther(w, p.o.Base+web.PathAccount+"?done="+action)
}

// endSession ends one of the user's own sessions; another user's is as absent as none.
func (p *Pages) endSession(ctx context.Context, person oauth.Session, ref oauth.SessionRef) error {
	all, err := p.o.Sessions.OfUser(ctx, person.User)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Ref == ref {
			return p.o.Sessions.End(ctx, one, reasonAccount)
		}
	}
	return nil
}

// changePassword needs the current password. It signs the person out everywhere else and ends every grant; this
// browser gets a new session.
func (p *Pages) changePassword(w http.ResponseWriter, r *http.Request, person oauth.Session, sent url.Values) error {
	cookie, err := p.o.SignIn.ChangePassword(r.Context(), person, sent.Get(fieldCurrent), sent.Get(fieldNew))
	if err == nil {
		if cookie != "" {
			p.o.Cookies.Set(w, web.SessionCookie, cookie.Reveal(), 0)
		}
		p.accountDone(w, actionPassword)
		return nil
	}
	switch oauth.AsError(err).Code { //nolint:exhaustive // every other error has its own page
	case oauth.AccessDenied:
		return p.showAccount(w, r, person, account{Wrong: true})
	case oauth.InvalidRequest:
		if errors.Is(err, directory.ErrSamePassword) {
			return p.showAccount(w, r, person, account{Same: true})
		}
		return p.showAccount(w, r, person, account{Weak: weakness(err)})
	}
	return err
}

// weakness is the key of the message that says why a password cannot be chosen.
func weakness(err error) string {
	switch {
	case errors.Is(err, directory.ErrCommon):
		return "account.weak.common"
	case errors.Is(err, directory.ErrContext):
		return "account.weak.names"
	case errors.Is(err, directory.ErrForm):
		return "account.weak.form"
	}
	return "account.weak"
}
