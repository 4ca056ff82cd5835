package endpoint_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// A token of another server may be of any length (RFC 7662 §2.2, RFC 7009 §2.2).
func TestF_P08_LongTokensOfOthersAreInactive(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for _, size := range []int{4096, 4097, 6 << 10, 16 << 10, 60 << 10} {
		foreign := "eyJhbGciOiJSUzI1NiJ9." + strings.Repeat("a", size-30) + ".c2lnbmF"
		if a := d.Demo().Introspect(t, foreign); a.Status != http.StatusOK || strings.TrimSpace(a.Raw) != `{"active":false}` {
			t.Errorf("introspecting %d bytes: %d %s", size, a.Status, a.Raw)
		}
		for name, p := range map[string]testkit.Party{"confidential": d.Demo(), "public": d.SPA()} {
			if a := p.Revoke(t, foreign); a.Status != http.StatusOK {
				t.Errorf("a %s client revokes %d bytes: %d %s", name, size, a.Status, a.Raw)
			}
		}
		expect(t, "userinfo, by form", sendForm(t, d.Base+"/userinfo", "access_token="+foreign, nil), http.StatusUnauthorized, "invalid_token")
	}
	// Other parameters keep their bound, and so does the body.
	long := url.Values{"token": {"x"}, "token_type_hint": {strings.Repeat("h", 5000)}}
	expect(t, "a long hint", d.Demo().Post(t, "/introspect", long), http.StatusBadRequest, "invalid_request")
	expect(t, "a long body", d.Demo().Introspect(t, strings.Repeat("a", 70<<10)), http.StatusRequestEntityTooLarge, "request_too_large")
}

func TestF_P09_UserInfoNeedsNoBody(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	p := d.Demo()
	token := p.Redeem(t, p.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid"})).Text("access_token")
	post := func(contentType, body, shown string) testkit.Answer {
		headers := map[string]string{"Content-Type": contentType}
		if shown != "" {
			headers["Authorization"] = "Bearer " + shown
		}
		return sendForm(t, d.Base+"/userinfo", body, headers)
	}
	for _, c := range [][2]string{
		{"application/json", "{}"}, {"application/json", ""}, {"application/json; charset=utf-8", `{"access_token":"x"}`}, {"text/plain", "x"},
		{"multipart/form-data; boundary=x", "--x--"}, {"nonsense", "x"}, {"", ""}, {"application/x-www-form-urlencoded", ""},
		{"application/x-www-form-urlencoded", "%zz"}, {"application/x-www-form-urlencoded", "a=1&a=2"},
	} {
		if a := post(c[0], c[1], token); a.Status != http.StatusOK || a.Text("sub") == "" {
			t.Errorf("%s %q: %d %s", c[0], c[1], a.Status, a.Raw)
		}
	}
	expect(t, "JSON without a header", post("application/json", `{"access_token":"`+token+`"}`, ""), http.StatusUnauthorized, "invalid_token")
	expect(t, "in the header and the form", post("application/x-www-form-urlencoded", "access_token="+token, token), http.StatusBadRequest, "invalid_request")
	if a := post("application/x-www-form-urlencoded", "access_token="+token, ""); a.Status != http.StatusOK {
		t.Errorf("in the form: %d %s", a.Status, a.Raw)
	}
}

// A resource server must not be able to show at /userinfo what was given to it.
func TestF_S23_UserInfoTakesNoTokenForAnotherAudience(t *testing.T) {
	t.Parallel()
	const api = "https://api.example"
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		d := testkit.Start(t, testkit.Resources(api))
		userInfo := func(token string) testkit.Answer { return sendForm(t, d.Base+"/userinfo", "", bearer(token)) }
		client := oauth.Client{ID: "app", Format: format, GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, SkipConsent: true}
		app := d.Register(t, client)
		client.ID, client.Audience = "api-app", []string{"https://other.example"}
		other := d.Register(t, client)
		with := func(p testkit.Party, more map[string]string) testkit.Answer {
			ask := map[string]string{"scope": "openid read"}
			for name, value := range more {
				ask[name] = value
			}
			return p.Redeem(t, p.Code(t, testkit.NewPerson(t), ask))
		}
		for name, set := range map[string]testkit.Answer{"no audience": with(app, nil), "a default audience": with(other, nil)} {
			if a := userInfo(set.Text("access_token")); a.Status != http.StatusOK {
				t.Errorf("%s, %s: %d %s", format, name, a.Status, a.Raw)
			}
		}
		expect(t, string(format)+", a resource", userInfo(with(app, map[string]string{"resource": api}).Text("access_token")), http.StatusUnauthorized, "invalid_token")
		// The default audience is kept beside the issuer, where openid was granted alone.
		for scope, want := range map[string][]any{"openid read": {"https://other.example", d.Base}, "read": {"https://other.example"}} {
			about := d.Demo().Introspect(t, with(other, map[string]string{"scope": scope}).Text("access_token"))
			got, err := json.Marshal(about.Fields["aud"])
			expected, _ := json.Marshal(want)
			if err != nil || !bytes.Equal(got, expected) {
				t.Errorf("%s, %s: aud %s, want %s", format, scope, got, expected)
			}
		}
	}
}

// The server-wide default audience of JWTs is another server's, too.
func TestF_S23_UserInfoWithADefaultAudienceOfTheServer(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Token.Audience = "https://api.example" })
	app := d.Register(t, oauth.Client{ID: "app", Format: oauth.FormatJWT, GrantTypes: []string{oauth.GrantAuthorizationCode}, SkipConsent: true})
	token := app.Redeem(t, app.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid"})).Text("access_token")
	if a := sendForm(t, d.Base+"/userinfo", "", bearer(token)); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	about := d.Demo().Introspect(t, token)
	if got, _ := json.Marshal(about.Fields["aud"]); string(got) != `["https://api.example","`+d.Base+`"]` {
		t.Errorf("aud %s", got)
	}
}

// Outward nothing changes; the operator can find out why a service reads active: false.
func TestF_N10_ADeniedIntrospectionLeavesATrace(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Log.Level = "debug" })
	stranger := d.Register(t, oauth.Client{ID: "recipes-api", GrantTypes: []string{oauth.GrantClientCredentials}})
	login := d.Demo().Redeem(t, d.Demo().Code(t, testkit.NewPerson(t), nil))
	if facts := d.Facts(t); strings.Contains(facts, "introspection.denied") {
		t.Fatalf("%s", facts)
	}
	for _, token := range []string{"access_token", "access_token", "refresh_token"} {
		if a := stranger.Introspect(t, login.Text(token)); strings.TrimSpace(a.Raw) != `{"active":false}` {
			t.Errorf("the %s: %s", token, a.Raw)
		}
	}
	facts := d.Facts(t)
	for _, reason := range []string{"not_its_token", "another_refresh_token"} {
		if n := strings.Count(facts, `"details":{"reason":"`+reason+`"}`); n != 1 {
			t.Errorf("%s: told %d times in\n%s", reason, n, facts)
		}
	}
	if !strings.Contains(facts, `"event":"introspection.denied","actor":"recipes-api","client_id":"demo"`) {
		t.Errorf("%s", facts)
	}
	if n := strings.Count(d.Log.String(), "the caller may not introspect it"); n != 3 {
		t.Errorf("%d debug lines of 3", n)
	}
	d.Clock.Advance(time.Minute)
	stranger.Introspect(t, login.Text("access_token"))
	if strings.Count(d.Facts(t), `"event":"introspection.denied"`) != 3 {
		t.Error("a minute later it was not told again")
	}
	// A dead token, and one that is no token, withhold nothing.
	for _, token := range []string{"x", "a.b.c"} {
		stranger.Introspect(t, token)
	}
	if strings.Count(d.Facts(t), `"event":"introspection.denied"`) != 3 {
		t.Errorf("told of no token: %s", d.Facts(t))
	}
}
