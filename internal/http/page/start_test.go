package page_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// A newcomer sees what an app gets with three clicks, and nothing of it stands in the address bar.
func TestF_N04_TheStartPageSignsInAndShowsTheTokens(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]testkit.Option{
		"plain":       func(*config.Config) {},
		"with prefix": func(c *config.Config) { c.Server.EndpointPrefix = "/oauth2" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t, option)
			person := testkit.NewPerson(t)
			shown := person.Get(t, d.Base+"/")
			want(t, shown.Body, "oauth2d is running", "demo-password", "--redirect-uri http://localhost:3000/callback")
			login := person.Submit(t, shown, nil)
			consent := person.Submit(t, login, map[string]string{"username": "demo", "password": "demo-password"})
			want(t, consent.Body, "The start page", "wants to")
			got := person.Submit(t, consent, map[string]string{"decision": "allow"})
			want(t, got.Body, "This is what an app gets", "ID token", "&#34;iss&#34;: &#34;"+d.Base, "&#34;alg&#34;", "Access token", "&#34;active&#34;: true",
				"Refresh token", "UserInfo", "demo@example.com")
			if got.Status != http.StatusOK || got.URL.Path != "/" || got.URL.RawQuery != "" {
				t.Errorf("%d at %s", got.Status, got.URL)
			}
			if policy := got.Header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %s", policy)
			}
			if other := testkit.NewPerson(t).Get(t, d.Base+"/"); strings.Contains(other.Body, "Access token") {
				t.Error("another browser sees the tokens")
			}
			if forged := person.Get(t, d.Base+"/callback?code=x&state=y"); forged.Status != http.StatusBadRequest {
				t.Errorf("an answer with another state: %d", forged.Status)
			}
			denied := person.Submit(t, person.Get(t, d.Base+"/"), nil)
			if strings.Contains(denied.Body, `value="deny"`) {
				denied = person.Submit(t, denied, map[string]string{"decision": "deny"})
				want(t, denied.Body, "The sign-in failed", "access_denied")
			}
		})
	}
}

// In production the issuer's own address is a small page that leads on, and nothing takes a code.
func TestF_N14_TheIssuersOwnAddressIsAPage(t *testing.T) {
	t.Parallel()
	for path, statuses := range map[string]map[string]int{
		"":      {"/": http.StatusOK, page.DemoCallback: http.StatusNotFound},
		"/auth": {"/auth": http.StatusOK, "/auth/": http.StatusOK, "/auth" + page.DemoCallback: http.StatusNotFound, "/": http.StatusNotFound},
	} {
		d := testkit.Start(t, func(c *config.Config) { c.Dev, c.Issuer = false, "http://127.0.0.1:8080"+path })
		for address, status := range statuses {
			got := testkit.NewPerson(t).Get(t, "http://"+d.App.Addr()+address)
			if got.Status != status {
				t.Errorf("%s: %d", address, got.Status)
			}
			if status == http.StatusOK {
				want(t, got.Body, "<h1>This is where you sign in to", `href="`+path+`/account"`, `href="`+path+`/.well-known/openid-configuration"`)
			}
		}
		if posted := testkit.NewPerson(t).PostForm(t, "http://"+d.App.Addr()+path+"/", nil); posted.Status != http.StatusMethodNotAllowed {
			t.Errorf("a post: %d", posted.Status)
		}
	}
}
