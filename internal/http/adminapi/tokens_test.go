package adminapi_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// The key to which a token is bound, and the grant type that it came of, are in the answer about the token.
func TestATokensBindingAndGrantType(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	operator, thumbprint := asked(t, root(d)), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	bearer := tokenOf(t, d, "read")
	before, _ := server.Do(t, "KEYS", "auth:access_token:*").([]any)
	bound := tokenOf(t, d, "read")
	after, _ := server.Do(t, "KEYS", "auth:access_token:*").([]any)
	for _, key := range after {
		if !strings.Contains(textOf(before), key.(string)) {
			server.Do(t, "HSET", key, "cnf", "jkt:"+thumbprint)
		}
	}
	for text, want := range map[string]bool{bearer: false, bound: true} {
		a := raw{method: "POST", path: "/tokens/introspect", token: operator, body: `{"token":"` + text + `"}`}.send(t, d)
		cnf, _ := a.Fields["cnf"].(map[string]any)
		if has := cnf["jkt"] == thumbprint; has != want || a.Fields["grant_type"] != oauth.GrantClientCredentials {
			t.Errorf("bound %v: %s", want, a.Raw)
		}
		public := d.Demo().Post(t, "/introspect", url.Values{"token": {text}})
		if cnf, _ := public.Fields["cnf"].(map[string]any); (cnf["jkt"] == thumbprint) != want {
			t.Errorf("bound %v: %s", want, public.Raw)
		}
	}
}

func textOf(keys []any) string {
	var all strings.Builder
	for _, one := range keys {
		all.WriteString(one.(string) + "\n")
	}
	return all.String()
}

func TestAGrantShowsItsGrantType(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	operator := asked(t, root(d))
	user := d.SPA().Login(t, testkit.NewPerson(t)).Text("access_token")
	who := raw{method: "POST", path: "/tokens/introspect", token: operator, body: `{"token":"` + user + `"}`}.send(t, d)
	list := func() string {
		return raw{method: "GET", path: "/grants?user_id=" + who.Text("user_id"), token: operator}.send(t, d).Raw
	}
	if got := list(); !strings.Contains(got, `"grant_type":"authorization_code"`) {
		t.Error(got)
	}
	server.Do(t, "HSET", "auth:grant:"+who.Text("grant"), "gt", "urn:example:another")
	if got := list(); !strings.Contains(got, `"grant_type":"urn:example:another"`) {
		t.Error(got)
	}
}
