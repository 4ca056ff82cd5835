package endpoint_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

func TestF_S15_RS256IsAlwaysOffered(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	var metadata struct {
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := json.Unmarshal([]byte(d.Get(t, "/.well-known/openid-configuration").Raw), &metadata); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(metadata.Algorithms, []string{"ES256", "RS256"}) {
		t.Errorf("offered are %v", metadata.Algorithms)
	}
	c := full("holder", oauth.FormatJWT)
	c.Algorithm = "RS256"
	party := d.Register(t, c)
	a := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid read"}))
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	keys := d.Get(t, "/.well-known/jwks.json").Raw
	for _, name := range []string{"id_token", "access_token"} {
		header, _ := claimsOf(t, a.Text(name))
		if header["alg"] != "RS256" || !strings.Contains(keys, `"kid":"`+header["kid"].(string)+`"`) {
			t.Errorf("%s: %v, published are %s", name, header, keys)
		}
	}
	if !d.Demo().Active(t, a.Text("access_token")) {
		t.Error("the access token is dead")
	}
	for _, algorithm := range []string{"PS256", "EdDSA"} {
		other := full("other", oauth.FormatJWT)
		other.Algorithm = algorithm
		_, _, err := d.App.Direct().Registry.Register(t.Context(), withRedirect(other), "")
		if oauth.AsError(err).Code != oauth.InvalidClientMetadata || !strings.Contains(err.Error(), "use one of ES256, RS256") {
			t.Errorf("%s has no key and is registered: %v", algorithm, err)
		}
	}
}

func withRedirect(c oauth.Client) oauth.Client {
	c.RedirectURIs = []string{"https://app.example/callback"}
	return c
}

func TestF_S13_TheHashOfAnAccessTokenIsThatOfTheSignature(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Keys.Extra = []string{"EdDSA", "PS256"} })
	for algorithm, half := range map[string]func([]byte) []byte{
		"ES256": half256, "RS256": half256, "PS256": half256,
		"EdDSA": func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:32] },
	} {
		c := full(oauth.ClientID("holder-"+algorithm), oauth.FormatOpaque)
		c.Algorithm = algorithm
		party := d.Register(t, c)
		a := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid read"}))
		header, claims := claimsOf(t, a.Text("id_token"))
		want := base64.RawURLEncoding.EncodeToString(half([]byte(a.Text("access_token"))))
		if header["alg"] != algorithm || claims["at_hash"] != want {
			t.Errorf("%s: at_hash %v, want %s", header["alg"], claims["at_hash"], want)
		}
	}
}

func half256(b []byte) []byte { sum := sha256.Sum256(b); return sum[:16] }

func TestF_S05_AStaticClaimIsNeverTakenForOneOfTheServer(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	reserved := []string{"scope", "username", "acr", "sub", "grant", "sid", "active", "exp", "client_id", "aud", "scopes", "iss", "user_id"}
	var variants []string
	for _, name := range reserved {
		variants = append(variants, name, strings.ToUpper(name), strings.ToUpper(name[:1])+name[1:])
	}
	variants = append(variants, "\u017fcope") // a long s, which folds to s
	for _, name := range variants {
		c := withRedirect(full("refused", oauth.FormatJWT))
		c.Claims = map[string]string{name: "admin:*"}
		if _, _, err := d.App.Direct().Registry.Register(t.Context(), c, ""); oauth.AsError(err).Code != oauth.InvalidClientMetadata {
			t.Errorf("%q is registered: %v", name, err)
		}
		_, err := d.App.Direct().Registry.Change(t.Context(), "demo", func(c *oauth.Client) error {
			c.Claims = map[string]string{name: "admin:*"}
			return nil
		})
		if oauth.AsError(err).Code != oauth.InvalidClientMetadata {
			t.Errorf("%q is set: %v", name, err)
		}
	}
	// A token that was signed with such a claim, before it was refused: it is read by the exact names.
	party, ring := d.Register(t, full("holder", oauth.FormatJWT)), d.App.Direct().Ring
	for _, scope := range []string{"", "read"} {
		t.Run("scope="+scope, func(t *testing.T) {
			_, good := claimsOf(t, party.Token(t, credentialsForm("scope", "read")).Text("access_token"))
			claims := maps.Clone(good)
			claims["scope"] = scope
			for _, name := range variants {
				if _, ours := good[name]; !ours {
					claims[name] = "admin:*"
				}
			}
			for _, ours := range []string{"username", "acr", "grant", "sid", "active", "scopes", "user_id"} {
				if _, had := good[ours]; !had {
					delete(claims, ours)
				}
			}
			token, err := ring.Sign(t.Context(), "", "at+jwt", claims)
			if err != nil {
				t.Fatal(err)
			}
			a := d.Demo().Introspect(t, token)
			if a.Fields["active"] != true || a.Text("scope") != scope || a.Text("sub") != "holder" || a.Fields["username"] != nil || a.Fields["acr"] != nil {
				t.Errorf("certified as %s", a.Raw)
			}
		})
	}
	_, claims := claimsOf(t, party.Token(t, url.Values{"grant_type": {"client_credentials"}}).Text("access_token"))
	if _, written := claims["scope"]; !written {
		t.Errorf("no scope is written: %v", claims)
	}
}

func TestF_S09_WhatIsIssuedCanBeRevoked(t *testing.T) {
	t.Parallel()
	long := "https://api.example/" + strings.Repeat("r", 1980)
	d := testkit.Start(t, testkit.Resources("https://api.example/a", long))
	// The claims of the largest client that can be registered, found by trying.
	claims := func(bytes int) map[string]string {
		all := map[string]string{}
		for i := 0; bytes > 0; i++ {
			all["claim_"+string(rune('a'+i))] = strings.Repeat("x", min(bytes, 256))
			bytes -= 256
		}
		return all
	}
	var party testkit.Party
	largest := 0
	for size := 5120; size > 0 && party.ID == ""; size -= 256 {
		c := withRedirect(full("large", oauth.FormatJWT))
		c.Scopes, c.Claims = oauth.Scopes{"openid", "read"}, claims(size)
		registered, secret, err := d.App.Direct().Registry.Register(t.Context(), c, "")
		if err == nil {
			party, largest = testkit.Party{Base: d.Base, ID: string(registered.ID), Secret: secret.Reveal()}, size
		} else if !strings.Contains(err.Error(), "8192 are allowed") {
			t.Fatal(err)
		}
	}
	if largest < 1024 || largest > 4096 {
		t.Fatalf("%d bytes of claims can be registered", largest)
	}
	a := party.Token(t, credentialsForm("scope", "read", "resource", long))
	token := a.Text("access_token")
	if a.Status != http.StatusOK || len(token) < 5372 || len(token) > oauth.MaxTokenBytes {
		t.Fatalf("%d, %d bytes", a.Status, len(token))
	}
	if !d.Demo().Active(t, token) {
		t.Error("it cannot be introspected")
	}
	party.Revoke(t, token)
	if d.Demo().Active(t, token) {
		t.Error("it cannot be revoked")
	}
	// What is repeated counts once, wherever resources are read.
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		party := d.Register(t, full(oauth.ClientID("holder-"+format), format))
		once := map[string]string{"resource": "https://api.example/a"}
		login := party.Redeem(t, party.Code(t, testkit.NewPerson(t), once))
		for grant, form := range map[string]url.Values{
			"client_credentials": credentialsForm(),
			"refresh_token":      {"grant_type": {"refresh_token"}, "refresh_token": {login.Text("refresh_token")}},
			"authorization_code": {"grant_type": {"authorization_code"}, "code": {party.Code(t, testkit.NewPerson(t), once)}, "code_verifier": {testkit.Verifier}},
		} {
			form["resource"] = slices.Repeat([]string{"https://api.example/a"}, 1200)
			refused(t, party.Token(t, form), 400, oauth.InvalidTarget)
			form["resource"] = form["resource"][:16]
			a := party.Token(t, form)
			aud, _ := d.Demo().Introspect(t, a.Text("access_token")).Fields["aud"].([]any)
			if a.Status != http.StatusOK || len(aud) != 1 {
				t.Errorf("%s, %s: %d %s, aud %v", format, grant, a.Status, bytes.TrimSpace([]byte(a.Raw)), aud)
			}
		}
	}
}
