package endpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// claimsOf reads a JWT without checking it.
func claimsOf(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %.20q", token)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// A token that our own key signed is ours only when it says so in every way. Each row changes one
// thing about a token that is accepted.
func TestJ11_OurKeyIsNotEnough(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, ring := d.Register(t, full("holder", oauth.FormatJWT)), d.App.Direct().Ring
	issued := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid read"}))
	_, good := claimsOf(t, issued.Text("access_token"))
	another := d.SPA().Login(t, testkit.NewPerson(t)).Text("access_token")
	grantOfAnother := another[27:53]
	for name, row := range map[string]struct {
		typ    string
		change map[string]any
		active bool
	}{
		"as it was":                            {"at+jwt", nil, true},
		"another issuer":                       {"at+jwt", map[string]any{"iss": "https://as.example"}, false},
		"the issuer of another path":           {"at+jwt", map[string]any{"iss": d.Base + "/staging"}, false},
		"the issuer with a slash":              {"at+jwt", map[string]any{"iss": d.Base + "/"}, false},
		"no issuer":                            {"at+jwt", map[string]any{"iss": nil}, false},
		"an ID token":                          {"JWT", nil, false},
		"no type":                              {"", nil, false},
		"another client's grant":               {"at+jwt", map[string]any{"grant": grantOfAnother}, false},
		"another client":                       {"at+jwt", map[string]any{"client_id": "demo"}, false},
		"a grant that is not there":            {"at+jwt", map[string]any{"grant": strings.Repeat("A", 26)}, false},
		"no jti":                               {"at+jwt", map[string]any{"jti": nil}, false},
		"no end":                               {"at+jwt", map[string]any{"exp": nil}, false},
		"an end in the past":                   {"at+jwt", map[string]any{"exp": 1}, false},
		"an end that is no number":             {"at+jwt", map[string]any{"exp": "never"}, false},
		"a scope that cannot be":               {"at+jwt", map[string]any{"scope": `"`}, false},
		"an audience that is not the client's": {"at+jwt", map[string]any{"aud": []string{"https://elsewhere.example"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			claims := maps.Clone(good)
			for claim, value := range row.change {
				claims[claim] = value
				if value == nil {
					delete(claims, claim)
				}
			}
			token, err := ring.Sign(t.Context(), "", row.typ, claims)
			if err != nil {
				t.Fatal(err)
			}
			if d.Demo().Active(t, token) != row.active {
				t.Errorf("%s: active %v", name, !row.active)
			}
			_, elsewhere := row.change["aud"] // S23: /userinfo is the issuer's
			if a := sendForm(t, d.Base+"/userinfo", "", bearer(token)); (a.Status == http.StatusOK) != (row.active && !elsewhere) {
				t.Errorf("%s: userinfo %d", name, a.Status)
			}
		})
	}
	if d.Demo().Active(t, issued.Text("id_token")) {
		t.Error("an ID token is taken for an access token")
	}
}

// A resource server that may ask only about tokens for itself reads nothing of others.
func TestJ11_ATokenForAnotherAudienceIsInactiveToAResourceServer(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			name := string(format)
			mine, others := full(oauth.ClientID("mine-"+name), format), full(oauth.ClientID("others-"+name), format)
			mine.Audience, others.Audience = []string{"api-" + name}, []string{"elsewhere"}
			api := d.Register(t, oauth.Client{ID: oauth.ClientID("api-" + name), GrantTypes: []string{oauth.GrantClientCredentials}})
			if !api.Active(t, service(t, d.Register(t, mine))) {
				t.Errorf("%s: a resource server cannot read a token for itself", format)
			}
			if api.Active(t, service(t, d.Register(t, others))) {
				t.Errorf("%s: a resource server reads a token for somebody else", format)
			}
		})
	}
}

func TestJ12_ATokenLivesAsLongAsItsKeyIsPublished(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, ring := d.Register(t, full("holder", oauth.FormatJWT)), d.App.Direct().Ring
	old := service(t, party)
	header, _ := claimsOf(t, old)
	kid, _ := header["kid"].(string)
	if err := ring.Rotate(t.Context(), keyring.UseSign); err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(time.Minute) // past the time in which every replica reads the new key
	next := service(t, party)
	if header, _ := claimsOf(t, next); header["kid"] == kid {
		t.Fatal("the key was not rotated")
	}
	published := func() bool { return strings.Contains(d.Get(t, "/.well-known/jwks.json").Raw, `"`+kid+`"`) }
	if !published() || !d.Demo().Active(t, old) {
		t.Errorf("rotated out: published %v, active %v", published(), d.Demo().Active(t, old))
	}
	if err := ring.Drop(t.Context(), kid); err != nil {
		t.Fatal(err)
	}
	if published() || d.Demo().Active(t, old) || !d.Demo().Active(t, next) {
		t.Errorf("dropped: published %v, active %v, the next key's token active %v", published(), d.Demo().Active(t, old), d.Demo().Active(t, next))
	}
	if a := sendForm(t, d.Base+"/userinfo", "", bearer(old)); a.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", a.Status)
	}
}

// W05: the sid of a token is not the session's cookie, and does not open the session.
func TestW05_TheSidOfATokenOpensNoSession(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, person := d.Register(t, full("holder", oauth.FormatJWT)), testkit.NewPerson(t)
	issued := party.Redeem(t, party.Code(t, person, map[string]string{"scope": "openid read"}))
	_, access := claimsOf(t, issued.Text("access_token"))
	_, id := claimsOf(t, issued.Text("id_token"))
	sid, _ := access["sid"].(string)
	if sid == "" || id["sid"] != sid {
		t.Fatalf("sid %q and %v", sid, id["sid"])
	}
	for what, guess := range map[string]string{"the sid": sid, "a text of its length": strings.Repeat("A", len(sid)), "nothing": ""} {
		t.Run(what, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Base+"/account", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: "oauth2d_session", Value: guess}) //nolint:gosec // a request has no flags
			stranger := testkit.NewPerson(t)
			response, err := stranger.Client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusSeeOther {
				t.Errorf("the cookie %q: %d", guess, response.StatusCode)
			}
		})
	}
}
