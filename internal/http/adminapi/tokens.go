package adminapi

import (
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// question returns the token that the request names.
func (c *call) question() (oauth.Token, error) {
	var form adminwire.TokenQuestion
	if err := c.body(&form); err != nil {
		return "", err
	}
	odd := strings.ContainsFunc(form.Token.Reveal(), func(r rune) bool { return r < ' ' || r > '~' })
	if form.Token == "" || len(form.Token) > oauth.MaxTokenBytes || odd {
		return "", refuseFaults(web.FaultErrors{{Pointer: "/token", Detail: "is missing, too long or not of printable ASCII characters"}})
	}
	return oauth.Token(form.Token), nil
}

func (a *API) introspect(c *call) error {
	text, err := c.question()
	if err != nil {
		return err
	}
	known, alive, err := c.Examine(c.ctx(), text)
	if err != nil {
		return err
	}
	if !alive {
		return c.ok(adminwire.TokenInfo{})
	}
	return c.ok(shownToken(known))
}

func shownToken(k token.Known) adminwire.TokenInfo {
	scope := k.Scope.String()
	info := adminwire.TokenInfo{
		Active: true, Subject: k.Subject, Client: string(k.Client), Scope: &scope, Scopes: list(k.Scope), TokenType: "Bearer",
		Expires: k.Expires.Unix(), Issued: seconds(k.Issued), NotBefore: seconds(k.Issued), Audience: k.Audience, Issuer: k.Issuer,
		JTI: k.JTI, AuthTime: seconds(k.AuthTime), ACR: k.ACR, AMR: k.AMR,
		Grant: string(k.Grant), GrantType: k.GrantType, Format: string(k.Format),
	}
	if k.OfUser() {
		info.User, info.Username, info.Session = k.Subject, k.Username, string(k.Session)
	}
	if k.Binding.Bound() {
		info.Binding = &adminwire.Confirmation{KeyThumbprint: k.Binding.KeyThumbprint, CertificateThumbprint: k.Binding.CertificateThumbprint}
	}
	if k.Refresh {
		info.TokenType = "refresh_token"
	}
	return info
}

// seconds returns a NumericDate; 0 for an unknown time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (a *API) revokeToken(c *call) error {
	text, err := c.question()
	if err != nil {
		return err
	}
	ended, err := c.RevokeToken(c.ctx(), text)
	if err != nil {
		return err
	}
	answer := adminwire.Revoked{}
	if ended {
		answer.Revoked = 1
	}
	return c.ok(answer)
}

func (a *API) revokeAll(c *call) error {
	var form adminwire.RevokeBefore
	if err := c.body(&form); err != nil {
		return err
	}
	if err := c.RevokeAll(c.ctx(), form.Before); err != nil {
		return err
	}
	return c.done()
}
