package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const purposeConsent = "consent"

// consent holds the data of the consent page.
type consent struct {
	App         string
	Host        string // where the answer goes
	Local       bool   // that is this very device over the loopback: anybody on it could ask
	Native      bool   // that is an app on this device
	Scopes      []permission
	Keeps       time.Duration // how long the app keeps its access at most
	Idle        time.Duration // how long it keeps it unused; zero when it cannot renew it
	Username    string
	Switch      string // where another account is used
	Interaction string
	Action      string // names the interaction too, so that loading the answer again loses nothing
	Token       string
}

// permission is one scope: in words, or by its name when nobody described it.
type permission struct {
	Words, Name string
	Writes      bool // it lets the app change something
}

// Consent is the page on which a person decides what a client may have.
func (p *Pages) Consent(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		return p.decide(w, r)
	}
	return p.showConsent(w, r)
}

// showConsent asks a person who is signed in whether a client may have what it asks for.
func (p *Pages) showConsent(w http.ResponseWriter, r *http.Request) error {
	v, err := p.visitor(w, r)
	if err != nil {
		return err
	}
	if v.pending == nil || v.person == nil || v.pending.Restarted {
		p.onward(w, v.interaction)
		return nil
	}
	shown := p.describe(*v.pending)
	shown.Username, shown.Interaction = v.person.Username, v.interaction
	shown.Switch = withInteraction(p.o.Base+web.PathLogin, v.interaction)
	shown.Action = withInteraction(p.o.Base+web.PathConsent, v.interaction)
	shown.Token = p.token(form{purpose: purposeConsent, browser: v.browser, user: v.person.User})
	return p.draw(w, r, sheet{
		name: "consent", status: http.StatusOK, locales: v.pending.Locales, forms: targets(v.pending.Return.URI), data: shown,
	})
}

// decide records what the person decided. It is about the sealed request, whatever else the form
// holds, and about the person to whom the page was shown.
func (p *Pages) decide(w http.ResponseWriter, r *http.Request) error {
	sent, err := readForm(r)
	if err != nil {
		return err
	}
	browser := p.o.Cookies.Browser(w, r)
	person, err := p.person(r)
	if err != nil {
		return err
	}
	if person == nil { // signed out meanwhile: ask again who they are, and decide nothing
		p.onward(w, sent.Get(fieldInteraction))
		return nil
	}
	if err := p.check(form{purpose: purposeConsent, browser: browser, user: person.User}, sent.Get(fieldToken)); err != nil {
		return err
	}
	pending, interaction, err := p.resume(r, sent.Get(fieldInteraction), browser)
	if err != nil {
		return err
	}
	if pending == nil {
		p.onward(w, "")
		return nil
	}
	switch sent.Get(fieldDecision) {
	case decisionAllow:
		return p.allow(w, r, *pending, *person)
	case decisionDeny:
		return p.o.Authorizer.Deny(r.Context(), *pending, *person)
	}
	web.SeeOther(w, withInteraction(p.o.Base+web.PathConsent, interaction)) // decided nothing: ask again
	return nil
}

// allow records the consent, and goes on with an interaction that holds the decision. A request that was
// started again is shown first: what the person saw was an earlier one.
func (p *Pages) allow(w http.ResponseWriter, r *http.Request, pending authorize.Continuation, person oauth.Session) error {
	if !pending.Restarted {
		var err error
		if pending, err = p.o.Authorizer.Allow(r.Context(), pending, person); err != nil {
			return err
		}
	}
	interaction, err := p.o.Authorizer.Seal(r.Context(), pending, p.o.Cookies.Browser(w, r))
	if err != nil {
		return err
	}
	p.onward(w, interaction)
	return nil
}

// describe puts a request into words.
func (p *Pages) describe(pending authorize.Continuation) consent {
	lifetimes := pending.Client.Lifetimes.Or(p.o.Lifetimes)
	c := consent{
		App:    nameOf(pending.Client),
		Scopes: p.look.Load().permissions(pending.Scope),
		Keeps:  lifetimes.Access,
	}
	if pending.Client.MayUse(oauth.GrantRefreshToken) {
		c.Keeps, c.Idle = lifetimes.RefreshAbsolute, min(lifetimes.RefreshIdle, lifetimes.RefreshAbsolute)
	}
	if u, err := url.Parse(pending.Return.URI); err == nil {
		c.Host, c.Local = u.Host, oauth.IsLocalHost(u.Hostname())
		if u.Scheme != "https" && u.Scheme != "http" {
			c.Host, c.Native = u.Scheme, true
		}
	}
	return c
}

// permissions lists scopes by weight: first what lets the app change something, then the rest; both in the
// order in which the operator described them, then those that nobody described.
func (l *look) permissions(scopes oauth.Scopes) []permission {
	rank := func(scope string) int {
		at := slices.IndexFunc(l.Scopes, func(s Scope) bool { return s.Name == scope })
		if at < 0 {
			return len(l.Scopes)
		}
		return at
	}
	sorted := slices.Clone(scopes)
	slices.SortStableFunc(sorted, func(a, b string) int { return rank(a) - rank(b) })
	var writing, reading []permission
	for _, scope := range sorted {
		one := permission{Name: scope, Writes: namesWriting(scope)}
		if at := rank(scope); at < len(l.Scopes) {
			one.Words = l.Scopes[at].Description
			one.Writes = one.Writes || l.Scopes[at].Writes
		}
		if one.Writes {
			writing = append(writing, one)
		} else {
			reading = append(reading, one)
		}
	}
	return append(writing, reading...)
}

// namesWriting reports whether the name of a scope says that it changes something, for a scope whose
// operator did not. A mark too many costs a second look; one too few hides what matters.
func namesWriting(scope string) bool {
	for word := range strings.FieldsFuncSeq(spaced(scope), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch word {
		case "write", "readwrite", "rw", "admin", "manage", "create", "update", "delete", "edit", "modify", "remove", "send", "upload", "publish", "all", "full":
			return true
		}
	}
	return strings.HasSuffix(scope, "*")
}

// spaced returns text in lower case, with a space between words that capitals divide (Mail.ReadWrite).
func spaced(text string) string {
	var b strings.Builder
	var last rune
	for _, r := range text {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		last = r
	}
	return b.String()
}

// nameOf returns the name of a client for people.
func nameOf(c oauth.Client) string {
	if c.Name == "" {
		return string(c.ID)
	}
	return c.Name
}
