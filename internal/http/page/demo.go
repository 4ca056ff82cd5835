package page

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// DemoOptions make the start page of serve --dev: a small relying party that shows a newcomer what an
// application gets. There is none in production.
type DemoOptions struct {
	Issuer       string
	Client       oauth.ClientID // a public client whose redirect URI is the issuer with DemoCallback
	Scope        string
	Endpoints    string // where the endpoints stand, as this process reaches them, without a slash at its end
	Introspector string // a client that may introspect every token, and its secret
	Secret       string
	Username     string // a person to sign in as
	Password     string
	Redirects    []string // of the newcomer's own application; may be empty
	OwnClient    string   // that they are registered for
}

// DemoCallback is where the start page gets its codes, below the issuer.
const DemoCallback = "/callback"

const (
	demoCookie    = "oauth2d_demo"
	demoTimeout   = 10 * time.Second
	maxDemoVisits = 100
	maxDemoAnswer = 1 << 20
	purposeDemo   = "demo"
)

// demo is the start page. It is safe for concurrent use.
type demo struct {
	o      DemoOptions
	mu     sync.Mutex
	visits map[string]visit // by the cookie
}

// visit holds the state of the start page in one browser: first the request under way, then its outcome.
type visit struct {
	state, verifier string
	parts           []part
	failed          string
}

// part is one result of the sign-in, in a form for people.
type part struct{ Title, Note, Text string }

// started holds the data of the start page.
type started struct {
	DemoOptions
	Token  string
	Parts  []part
	Failed string
}

// start serves the start page of serve --dev; a POST begins a sign-in.
func (p *Pages) start(w http.ResponseWriter, r *http.Request) error {
	browser := p.o.Cookies.Browser(w, r)
	form := form{purpose: purposeDemo, browser: browser}
	if r.Method != http.MethodPost {
		known := p.demo.visit(p.o.Cookies.Get(r, demoCookie))
		return p.draw(w, r, sheet{name: "start", status: http.StatusOK, data: started{
			DemoOptions: p.demo.o, Token: p.token(form), Parts: known.parts, Failed: known.failed,
		}})
	}
	sent, err := readForm(r)
	if err != nil {
		return err
	}
	if err := p.check(form, sent.Get(fieldToken)); err != nil {
		return err
	}
	begun := visit{state: secret.NewToken(16), verifier: secret.NewToken(32)}
	key := secret.NewToken(16)
	p.demo.keep(key, begun)
	p.o.Cookies.Set(w, demoCookie, key, 0)
	web.SeeOther(w, p.o.Authorize+"?"+url.Values{
		"response_type": {"code"}, "client_id": {string(p.demo.o.Client)}, "redirect_uri": {p.demo.o.Issuer + DemoCallback},
		"scope": {p.demo.o.Scope}, "state": {begun.state},
		"code_challenge": {oauth.ChallengeOf(begun.verifier)}, "code_challenge_method": {oauth.MethodS256},
	}.Encode())
	return nil
}

// DemoCallback redeems the code that the start page asked for, as any relying party does, and leads back.
// It is served with serve --dev only.
func (p *Pages) DemoCallback(w http.ResponseWriter, r *http.Request) error {
	key, query := p.o.Cookies.Get(r, demoCookie), r.URL.Query()
	begun := p.demo.visit(key)
	if begun.state == "" || query.Get("state") != begun.state {
		return oauth.Refuse(oauth.StaleInteraction, "this is not the answer to a sign-in that the start page began", nil)
	}
	ctx, cancel := context.WithTimeout(r.Context(), demoTimeout)
	defer cancel()
	var ended visit
	if code := query.Get("error"); code != "" {
		ended.failed = code + ": " + query.Get("error_description")
	} else if parts, err := p.demo.redeem(ctx, query.Get("code"), begun.verifier); err != nil {
		ended.failed = err.Error()
	} else {
		ended.parts = parts
	}
	p.demo.keep(key, ended)
	web.SeeOther(w, p.o.Base+"/")
	return nil
}

func (d *demo) visit(key string) visit {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.visits[key]
}

// keep remembers a visit. When too many are there the others are forgotten: it is for trying out.
func (d *demo) keep(key string, v visit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.visits[key]; d.visits == nil || !known && len(d.visits) >= maxDemoVisits {
		d.visits = map[string]visit{}
	}
	d.visits[key] = v
}

// redeem exchanges a code and reads everything that it is good for.
func (d *demo) redeem(ctx context.Context, code, verifier string) ([]part, error) {
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
		Scope   string `json:"scope"`
		Expires int    `json:"expires_in"`
	}
	answer, err := d.ask(ctx, web.PathToken, "", url.Values{
		"grant_type": {oauth.GrantAuthorizationCode}, "client_id": {string(d.o.Client)}, "code": {code},
		"redirect_uri": {d.o.Issuer + DemoCallback}, "code_verifier": {verifier},
	})
	if err == nil {
		err = json.Unmarshal(answer, &got)
	}
	if err != nil {
		return nil, err
	}
	worth, err := d.ask(ctx, web.PathIntrospect, "", url.Values{"token": {got.Access}})
	if err != nil {
		return nil, err
	}
	parts := []part{{
		Title: "Access token", Text: decoded(got.Access), Note: fmt.Sprintf("The app shows it to an API. It is good for %d seconds, for: %s.", got.Expires, got.Scope),
	}, {Title: "Introspection", Text: indented(worth), Note: "What an API learns when it asks this server about the access token."}}
	if got.ID != "" {
		about, err := d.ask(ctx, web.PathUserInfo, got.Access, nil)
		if err != nil {
			return nil, err
		}
		parts = append([]part{{Title: "ID token", Text: decoded(got.ID), Note: "Who signed in, signed by this server. Decoded:"}}, append(parts,
			part{Title: "UserInfo", Text: indented(about), Note: "What the app learns about the person with the access token."})...)
	}
	if got.Refresh != "" {
		parts = append(parts, part{Title: "Refresh token", Text: got.Refresh, Note: "The app gets new access tokens with it. It is used once, and each use gives the next one."})
	}
	return parts, nil
}

// ask posts a form to an endpoint: with a bearer token, else as the introspecting client where the form
// names none.
func (d *demo) ask(ctx context.Context, path, bearer string, sent url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.o.Endpoints+path, strings.NewReader(sent.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	switch {
	case bearer != "":
		request.Header.Set("Authorization", "Bearer "+bearer)
	case !sent.Has("client_id"):
		request.SetBasicAuth(url.QueryEscape(d.o.Introspector), url.QueryEscape(d.o.Secret))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it is read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDemoAnswer))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(path + " answered " + response.Status + ": " + string(body))
	}
	return body, err
}

// decoded returns the header and the claims of a JWT, or an opaque token as it is.
func decoded(token string) string {
	pieces := strings.Split(token, ".")
	if len(pieces) != 3 {
		return token
	}
	var shown []string
	for _, piece := range pieces[:2] {
		raw, err := base64.RawURLEncoding.DecodeString(piece)
		if err != nil {
			return token
		}
		shown = append(shown, indented(raw))
	}
	return strings.Join(shown, "\n")
}

func indented(raw []byte) string {
	var text bytes.Buffer
	if json.Indent(&text, bytes.TrimSpace(raw), "", "  ") != nil {
		return string(raw)
	}
	return text.String()
}
