package endpoint_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// change changes a client's registration, as an operator does.
func change(t *testing.T, d *testkit.Daemon, id string, edit func(*oauth.Client)) {
	t.Helper()
	_, err := d.App.Direct().Registry.Change(t.Context(), oauth.ClientID(id), func(c *oauth.Client) error {
		edit(c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestF_S04_ARefreshedTokenLivesAsLongAsAnyOther(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		for _, rotation := range []oauth.Rotation{oauth.RotateAlways, oauth.RotateNever} {
			t.Run(string(format)+" "+string(rotation), func(t *testing.T) {
				name := string(format) + "-" + string(rotation)
				c := full(oauth.ClientID("holder-"+name), format)
				c.Rotation = rotation
				party := d.Register(t, c)
				login := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid read"}))
				refresh := login.Text("refresh_token")
				for range 2 {
					d.Clock.Advance(30 * time.Minute) // twice the life of an access token
					a := party.Refresh(t, refresh)
					refresh = a.Text("refresh_token")
					if a.Status != http.StatusOK || a.Fields["expires_in"] != 900.0 || !d.Demo().Active(t, a.Text("access_token")) {
						t.Fatalf("%s: %d %s, active %v", name, a.Status, a.Raw, d.Demo().Active(t, a.Text("access_token")))
					}
					_, id := claimsOf(t, a.Text("id_token"))
					ends := []any{d.Demo().Introspect(t, a.Text("access_token")).Fields["exp"], id["exp"]}
					if format == oauth.FormatJWT {
						_, claims := claimsOf(t, a.Text("access_token"))
						ends = append(ends, claims["exp"])
					}
					for _, end := range ends {
						left := time.Unix(int64(end.(float64)), 0).Sub(d.Clock.Now())
						if left < 14*time.Minute || left > 15*time.Minute {
							t.Errorf("%s: %v are left", name, left)
						}
					}
				}
			})
		}
	}
}

func TestF_S06_WhatAClientLostIsNeitherIssuedNorConfirmed(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, testkit.Resources("https://api.example/a", "https://api.example/b"))
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			party := d.Register(t, full(oauth.ClientID("holder-"+format), format))
			person := testkit.NewPerson(t)
			login := party.Redeem(t, party.Code(t, person, map[string]string{
				"scope": "openid read write", "resource": "https://api.example/a",
			}))
			access, refresh := login.Text("access_token"), login.Text("refresh_token")
			introspected := func(token string) string {
				return d.Demo().Introspect(t, token).Text("scope")
			}

			change(t, d, party.ID, func(c *oauth.Client) { c.Scopes = oauth.Scopes{"openid", "read"} })
			if got := introspected(access); got != "openid read" {
				t.Errorf("%s: the old access token still shows %q", format, got)
			}
			if got := introspected(refresh); got != "" {
				t.Errorf("%s: another client reads a refresh token: %q", format, got)
			}
			if got := party.Introspect(t, refresh).Text("scope"); got != "openid read" {
				t.Errorf("%s: the refresh token still shows %q", format, got)
			}
			next := party.Refresh(t, refresh)
			if next.Text("scope") != "openid read" || introspected(next.Text("access_token")) != "openid read" {
				t.Errorf("%s: refreshed %s", format, next.Raw)
			}
			wider := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {next.Text("refresh_token")}, "scope": {"write"}}
			refused(t, party.Token(t, wider), 400, oauth.InvalidScope)

			// Nothing is left: refused, and the refresh token is as good as before when the scope comes back.
			change(t, d, party.ID, func(c *oauth.Client) { c.Scopes = oauth.Scopes{"email"} })
			for range 2 {
				refused(t, party.Refresh(t, next.Text("refresh_token")), 400, oauth.InvalidScope)
				d.Clock.Advance(time.Minute)
			}
			if d.Demo().Active(t, next.Text("access_token")) {
				t.Errorf("%s: an access token of which nothing is left is active", format)
			}
			change(t, d, party.ID, func(c *oauth.Client) { c.Scopes = oauth.Scopes{"openid", "read", "write"} })

			// Likewise the resource.
			change(t, d, party.ID, func(c *oauth.Client) { c.Resources = []string{"https://api.example/b"} })
			refused(t, party.Refresh(t, next.Text("refresh_token")), 400, oauth.InvalidTarget)
			if d.Demo().Active(t, next.Text("access_token")) {
				t.Errorf("%s: an access token for a resource that the client lost is active", format)
			}
			change(t, d, party.ID, func(c *oauth.Client) { c.Resources = nil })
			if next = party.Refresh(t, next.Text("refresh_token")); next.Status != http.StatusOK {
				t.Fatalf("%s: the refusals cost the grant: %d %s", format, next.Status, next.Raw)
			}

			// And the grant type.
			change(t, d, party.ID, func(c *oauth.Client) {
				c.GrantTypes, c.RedirectURIs = []string{oauth.GrantClientCredentials}, nil
			})
			refused(t, party.Refresh(t, next.Text("refresh_token")), 400, oauth.UnauthorizedClient)
			if d.Demo().Active(t, next.Text("access_token")) {
				t.Errorf("%s: a user's token of a client for machines is active", format)
			}
			machine := party.Token(t, credentialsForm("scope", "read")).Text("access_token")
			if !d.Demo().Active(t, machine) {
				t.Errorf("%s: a client's own token is dead", format)
			}
			change(t, d, party.ID, func(c *oauth.Client) { c.Disabled = true })
			if d.Demo().Active(t, machine) {
				t.Errorf("%s: a token of a disabled client is active", format)
			}
		})
	}
}

func TestF_S06_ACodeThatWentToALostRedirectURIIsBurned(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	const other = "https://app.example/other"
	c := full("holder", oauth.FormatOpaque)
	c.RedirectURIs = []string{testkit.Callback}
	party, person := d.Register(t, c), testkit.NewPerson(t)
	for name, with := range map[string]map[string]string{"sent": nil, "left out": {"redirect_uri": ""}} {
		code := party.Code(t, person, with)
		change(t, d, "holder", func(c *oauth.Client) { c.RedirectURIs = []string{other} })
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {testkit.Verifier}}
		a := party.Token(t, form)
		refused(t, a, 400, oauth.InvalidGrant)
		if !strings.Contains(a.Text("error_description"), "no longer registered") {
			t.Errorf("%s: %s", name, a.Raw)
		}
		change(t, d, "holder", func(c *oauth.Client) { c.RedirectURIs = []string{testkit.Callback} })
		refused(t, party.Token(t, form), 400, oauth.InvalidGrant)
	}
}

func TestF_S08_ARetryDoesNotReviveARevokedToken(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		for _, scope := range []string{"", "read"} {
			t.Run(string(format)+" scope="+scope, func(t *testing.T) { // as granted, and narrowed
				party := d.Register(t, full(oauth.ClientID("holder-"+string(format)+scope), format))
				form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {party.Login(t, testkit.NewPerson(t)).Text("refresh_token")}}
				if scope != "" {
					form.Set("scope", scope)
				}
				first := party.Token(t, form)
				jti := func(a testkit.Answer) string { return d.Demo().Introspect(t, a.Text("access_token")).Text("jti") }
				if same := jti(party.Token(t, form)); same == "" || same != jti(first) {
					t.Errorf("%s: a retry got another token", format)
				}
				if a := party.Revoke(t, first.Text("access_token")); a.Status != http.StatusOK {
					t.Fatalf("%d %s", a.Status, a.Raw)
				}
				again := party.Token(t, form)
				if again.Status != http.StatusOK || !d.Demo().Active(t, again.Text("access_token")) {
					t.Errorf("%s: the retry is answered with %d %s", format, again.Status, again.Raw)
				}
				if d.Demo().Active(t, first.Text("access_token")) {
					t.Errorf("%s %q: the revoked token is active again", format, scope)
				}
				if again.Text("refresh_token") != first.Text("refresh_token") {
					t.Errorf("%s: a retry got another successor", format)
				}
			})
		}
	}
}

func TestF_N01_ARefusalAtTheTokenEndpointSaysWhich(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	other := d.Register(t, full("other", oauth.FormatOpaque))
	seen := map[string]string{}
	for _, party := range []testkit.Party{d.Demo(), d.SPA()} {
		for name, row := range map[string]struct {
			do     func(code string) testkit.Answer
			code   oauth.Code
			says   string // to the client
			reason string // in the audit log, where that says more
		}{
			"missing verifier": {func(code string) testkit.Answer {
				return party.Token(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}})
			}, oauth.InvalidRequest, "code_verifier is missing", ""},
			"wrong verifier": {func(code string) testkit.Answer {
				return party.Token(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {strings.Repeat("x", 50)}})
			}, oauth.InvalidGrant, "code_verifier does not match", ""},
			"wrong redirect": {func(code string) testkit.Answer {
				return party.Token(t, url.Values{
					"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {testkit.Verifier}, "redirect_uri": {"https://app.example/"},
				})
			}, oauth.InvalidGrant, "redirect_uri is not the one", ""},
			"expired": {func(code string) testkit.Answer {
				d.Clock.Advance(11 * time.Minute)
				return party.Redeem(t, code)
			}, oauth.InvalidGrant, "has expired", ""},
			"replay": {func(code string) testkit.Answer {
				party.Redeem(t, code)
				return party.Redeem(t, code)
			}, oauth.InvalidGrant, "was used before", ""},
			"after a replay": {func(code string) testkit.Answer {
				party.Redeem(t, code)
				party.Redeem(t, code)
				return party.Redeem(t, code)
			}, oauth.InvalidGrant, "has expired or was revoked", ""},
			"garbage": {func(string) testkit.Answer {
				return party.Redeem(t, "garbage")
			}, oauth.InvalidGrant, "the authorization code is not valid", "not issued by this server"},
			"another client's": {func(code string) testkit.Answer {
				return other.Redeem(t, code)
			}, oauth.InvalidGrant, "the authorization code is not valid", "issued to another client"},
			"a replaced refresh token": {func(code string) testkit.Answer {
				refresh := party.Redeem(t, code).Text("refresh_token")
				party.Refresh(t, refresh)
				d.Clock.Advance(time.Minute)
				return party.Refresh(t, refresh)
			}, oauth.InvalidGrant, "the refresh token was used before", ""},
		} {
			a := row.do(party.Code(t, testkit.NewPerson(t), nil))
			refused(t, a, 400, row.code)
			if !strings.Contains(a.Text("error_description"), row.says) {
				t.Errorf("%s: %s", name, a.Raw)
			}
			log := strings.Split(strings.TrimSpace(d.Facts(t)), "\n")
			last := ""
			for _, line := range log {
				if strings.Contains(line, `"token.denied"`) {
					last = line
				}
			}
			reason := row.says
			if row.reason != "" {
				reason = row.reason
			}
			if !strings.Contains(last, reason) {
				t.Errorf("%s: recorded as %s", name, last)
			}
			if before, known := seen[reason]; known && before != name {
				t.Errorf("%s and %s have one reason", name, before)
			}
			seen[reason] = name
		}
	}
}
