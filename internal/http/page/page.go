package page

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/signin"
)

// The names in forms and addresses. Automation relies on them: they do not change.
const (
	fieldInteraction = web.ParamInteraction
	fieldUsername    = "username"
	fieldPassword    = "password"
	fieldDecision    = "decision"
	fieldToken       = "csrf"
	fieldCancel      = "cancel"
	fieldOther       = "other"

	decisionAllow = "allow"
	decisionDeny  = "deny"
)

// Options are the parts of Pages; every field is needed but those of Look.
type Options struct {
	Authorizer *authorize.Authorizer
	Sessions   *session.Sessions
	SignIn     *signin.SignIn
	Directory  *directory.Directory
	Ring       *keyring.Ring
	Clients    Clients // names the application that a person can go back to; may be nil
	Cookies    web.Cookies
	Now        func() time.Time
	Lifetimes  oauth.Lifetimes // the server's; a client's go before them
	Base       string          // the issuer's path, without a slash at its end
	Authorize  string          // the path of the authorization endpoint
	Look       Look
	Demo       *DemoOptions // nil but for serve --dev
}

// Clients finds registered clients.
type Clients interface {
	Client(ctx context.Context, id oauth.ClientID) (oauth.Client, error)
}

// Pages serves the pages. It is safe for concurrent use.
type Pages struct {
	o         Options
	templates map[string]*template.Template
	look      atomic.Pointer[look]
	demo      *demo // nil but for serve --dev
}

//go:embed templates/*.html
var templateFiles embed.FS

// New makes the pages. It fails when the look does not pass its checks.
func New(o Options) (*Pages, error) {
	o.Lifetimes = o.Lifetimes.Or(oauth.DefaultLifetimes())
	p := &Pages{o: o, templates: map[string]*template.Template{}}
	for _, name := range []string{"login", "password", "consent", "account", "logout", "signedout", "error", "formpost", "home", "start"} {
		parsed, err := template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		p.templates[name] = parsed
	}
	if o.Demo != nil {
		p.demo = &demo{o: *o.Demo}
	}
	if err := p.Use(o.Look); err != nil {
		return nil, err
	}
	return p, nil
}

// Use changes the look. On an error the earlier one stays.
func (p *Pages) Use(l Look) error {
	made, err := l.make(p.o.Base)
	if err != nil {
		return err
	}
	p.look.Store(made)
	return nil
}

// visitor is who opens a page, and the request of a client that brought them.
type visitor struct {
	interaction string // how the address names the pending request
	browser     oauth.Browser
	pending     *authorize.Continuation // nil when no client sent the person
	person      *oauth.Session          // nil when nobody is signed in
}

func (p *Pages) visitor(w http.ResponseWriter, r *http.Request) (visitor, error) {
	v := visitor{browser: p.o.Cookies.Browser(w, r)}
	var err error
	if v.pending, v.interaction, err = p.resume(r, r.URL.Query().Get(fieldInteraction), v.browser); err != nil {
		return visitor{}, err
	}
	v.person, err = p.person(r)
	return v, err
}

// person returns the session of a browser; nil when nobody is signed in.
func (p *Pages) person(r *http.Request) (*oauth.Session, error) {
	return p.o.Cookies.Person(r, p.o.Sessions)
}

// cookie returns the session cookie that a browser sent; empty when it sent none.
func (p *Pages) cookie(r *http.Request) oauth.Token {
	return oauth.Token(p.o.Cookies.Get(r, web.SessionCookie))
}

// resume opens the pending request that a page was asked for; nil when it was asked for by itself. The text is
// the interaction to go on with: a request that was started again has a new one.
func (p *Pages) resume(r *http.Request, interaction string, browser oauth.Browser) (*authorize.Continuation, string, error) {
	if interaction == "" {
		return nil, "", nil
	}
	pending, err := p.o.Authorizer.Resume(r.Context(), interaction, browser)
	if err != nil {
		return nil, "", err
	}
	web.NoteClient(r, pending.Client.ID)
	if pending.Restarted {
		interaction, err = p.o.Authorizer.Seal(r.Context(), pending, browser)
	}
	return &pending, interaction, err
}

// onward leads back to the authorization endpoint, or to the account when there is nothing pending.
func (p *Pages) onward(w http.ResponseWriter, interaction string) {
	if interaction == "" {
		web.SeeOther(w, p.o.Base+web.PathAccount)
		return
	}
	web.SeeOther(w, withInteraction(p.o.Authorize, interaction))
}

func withInteraction(path, interaction string) string {
	if interaction == "" {
		return path
	}
	return path + "?" + url.Values{fieldInteraction: {interaction}}.Encode()
}

// readForm reads the body of a post; what stands in the address is not looked at.
func readForm(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, web.ReadError(err)
	}
	return r.PostForm, nil
}
