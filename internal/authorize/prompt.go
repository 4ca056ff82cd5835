package authorize

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// prompt holds the requirements of a client on a person's presence (OIDC Core §3.1.2.1).
type prompt struct {
	None    bool          `json:"n,omitempty"` // show no page
	Login   bool          `json:"l,omitempty"` // the person must sign in again
	Consent bool          `json:"c,omitempty"` // ask for consent again
	MaxAge  time.Duration `json:"m,omitempty"`
	Aged    bool          `json:"a,omitempty"` // max_age was sent
}

func readPrompt(_ context.Context, _ *Authorizer, in input, r *Request) error {
	var err error
	r.Prompt, err = parsePrompt(in.get("prompt"), in.get("max_age"))
	r.LoginHint, r.Locales = in.get("login_hint"), in.get("ui_locales")
	return err
}

func parsePrompt(text, maxAge string) (prompt, error) {
	var p prompt
	words := strings.Fields(text)
	for _, word := range words {
		switch word {
		case "none":
			p.None = true
		case "login", "select_account": // here, a person selects an account by signing in
			p.Login = true
		case "consent":
			p.Consent = true
		default:
			return prompt{}, oauth.Refuse(oauth.InvalidRequest, "prompt contains an unknown value", nil)
		}
	}
	if p.None && len(words) > 1 {
		return prompt{}, oauth.Refuse(oauth.InvalidRequest, "prompt=none cannot be combined with other prompts", nil)
	}
	if maxAge == "" {
		return p, nil
	}
	seconds, err := strconv.ParseUint(maxAge, 10, 31)
	if err != nil {
		return prompt{}, oauth.Refuse(oauth.InvalidRequest, "max_age is not a number of seconds", nil)
	}
	p.MaxAge, p.Aged = time.Duration(seconds)*time.Second, true
	return p, nil
}

// satisfied reports whether a person who signed in at authTime need not do it again. A sign-in after the
// request came in always counts; otherwise the person would be asked forever.
func (p prompt) satisfied(authTime, asked, now time.Time) bool {
	if !authTime.Before(asked) {
		return true
	}
	return !p.Login && (!p.Aged || now.Sub(authTime) <= p.MaxAge)
}

func readNonce(_ context.Context, _ *Authorizer, in input, r *Request) error {
	r.Nonce = in.get("nonce")
	return nil
}

// readHint reads the user whom the client expects (OIDC Core §3.1.2.1). A hint that this server did not issue to
// this client is an error: ignoring it could answer for another user.
func readHint(ctx context.Context, a *Authorizer, in input, r *Request) error {
	hint := in.get("id_token_hint")
	if hint == "" {
		return nil
	}
	var err error
	if r.Hinted, err = token.PersonOf(a.o.Ring, a.o.Issuer, r.Client.ID, hint); err != nil {
		return oauth.Refuse(oauth.InvalidRequest, "id_token_hint was not issued by this server to this client, or too long ago", err)
	}
	if r.LoginHint != "" || a.o.People == nil {
		return nil
	}
	person, err := a.o.People.Get(ctx, r.Hinted)
	switch {
	case err == nil:
		r.LoginHint = person.Name
	case !errors.Is(err, store.Absent): // without the user, the sign-in page starts empty
		return oauth.Unavailable(err)
	}
	return nil
}
