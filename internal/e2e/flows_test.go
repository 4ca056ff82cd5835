package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// Every flow on a real Redis, with the issuer at the root of its host and below a path.
func TestFlows(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	for _, variant := range []struct{ name, path, prefix, db string }{
		{"plain", "", "", "0"},
		{"path and prefix", "/realms/kitchen", "/oauth2", "1"},
	} {
		t.Run(variant.name, func(t *testing.T) {
			t.Parallel()
			flows(t, newSite(t, variant.path, variant.prefix, append(onRedis(redis), "OAUTH2D_REDIS_DB="+variant.db)...))
		})
	}
}

// kitchen is a running site with the usual clients and a person.
type kitchen struct {
	*site
	daemon         *daemon
	web, app, jwts party
}

// flows runs everything that the server does, as clients see it.
func flows(t *testing.T, s *site) {
	k := &kitchen{site: s, daemon: s.serve(t)}
	k.web, k.app = s.client(t, "planner", webApp...), s.client(t, "pocket", publicApp...)
	k.jwts = s.client(t, "press", append([]string{"--format", "jwt", "--audience", "https://api.example.com"}, webApp...)...)
	s.user(t, "ada", "a long enough password")
	for name, flow := range map[string]func(*testing.T){
		"discovery":          k.discovery,
		"authorization code": k.authorizationCode,
		"public client":      k.publicClient,
		"client credentials": k.clientCredentials,
		"jwt":                k.jwtAccess,
		"revocation":         k.revocation,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow(t)
		})
	}
}

func (k *kitchen) discovery(t *testing.T) {
	u, err := url.Parse(k.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	origin := u.Scheme + "://" + u.Host
	for _, address := range []string{
		origin + "/.well-known/oauth-authorization-server" + u.Path, // RFC 8414 §3.1
		k.Issuer + "/.well-known/openid-configuration",              // OIDC Discovery §4
		origin + "/.well-known/openid-configuration" + u.Path,       // RFC 8414 §5
		k.Issuer + "/.well-known/oauth-authorization-server",
	} {
		found := k.web.get(t, address, "")
		for name, want := range map[string]string{
			"issuer": k.Issuer, "authorization_endpoint": k.web.Endpoint.AuthURL, "token_endpoint": k.web.Endpoint.TokenURL,
			"introspection_endpoint": k.Base + "/introspect", "revocation_endpoint": k.Base + "/revoke", "userinfo_endpoint": k.Base + "/userinfo",
		} {
			if found.Text(name) != want {
				t.Errorf("%s: %s is %q, want %q", address, name, found.Text(name), want)
			}
		}
		if keys := k.web.get(t, found.Text("jwks_uri"), ""); keys.Status != http.StatusOK || !strings.Contains(keys.Header.Get("Cache-Control"), "max-age") {
			t.Errorf("the keys at %q: %d, %q", found.Text("jwks_uri"), keys.Status, keys.Header.Get("Cache-Control"))
		}
	}
}

func (k *kitchen) authorizationCode(t *testing.T) {
	ada := k.person(t, "ada", "a long enough password")
	token := k.web.login(t, ada, oauth2.SetAuthURLParam("nonce", "a-nonce"))
	said := k.web.post(t, "/introspect", url.Values{"token": {token.AccessToken}})
	if said.Fields["active"] != true || said.Text("client_id") != "planner" || said.Text("username") != "ada" || said.Text("scope") != "openid profile email read" {
		t.Errorf("introspection says %s", said.Raw)
	}
	k.checkIDToken(t, token, said.Text("sub"))
	who := k.web.get(t, k.Base+"/userinfo", token.AccessToken)
	if who.Status != http.StatusOK || who.Text("sub") != said.Text("sub") || who.Text("email") != "ada@example.com" || who.Text("name") != "The Person ada" {
		t.Errorf("userinfo returned %d %s", who.Status, who.Raw)
	}

	renewed := refresh(t, k.web, token)
	if renewed.AccessToken == token.AccessToken || !k.web.active(t, renewed.AccessToken) {
		t.Error("a refresh gave no new access token that is active")
	}
	narrow := k.web.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {renewed.RefreshToken}, "scope": {"read"}})
	if narrow.Status != http.StatusOK || narrow.Text("scope") != "read" {
		t.Errorf("a narrower refresh: %d %s", narrow.Status, narrow.Raw)
	}
	if narrow.Text("refresh_token") != "" {
		renewed.RefreshToken = narrow.Text("refresh_token")
	}
	wide := k.web.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {renewed.RefreshToken}, "scope": {"read write"}})
	if wide.Status != http.StatusBadRequest || wide.Text("error") != "invalid_scope" {
		t.Errorf("a wider refresh: %d %s", wide.Status, wide.Raw)
	}
	if again := ada.Follow(t, k.web.request(oauth2.GenerateVerifier())); again.Location == "" || again.Query(t).Get("code") == "" {
		t.Errorf("a second authorization asks again: %d %s", again.Status, testkit.Text(again.Body))
	}
}

// refresh lets golang.org/x/oauth2 renew a token that it considers expired.
func refresh(t testing.TB, p party, token *oauth2.Token) *oauth2.Token {
	t.Helper()
	old := *token
	old.Expiry = time.Now().Add(-time.Hour)
	renewed, err := p.TokenSource(p.ctx(t), &old).Token()
	if err != nil {
		t.Fatal(err)
	}
	return renewed
}

func (k *kitchen) checkIDToken(t *testing.T, token *oauth2.Token, sub string) {
	t.Helper()
	text, _ := token.Extra("id_token").(string)
	claims := k.verify(t, text, "JWT", jwt.WithAudience("planner"))
	sum := crypto.SHA256.New()
	sum.Write([]byte(token.AccessToken))
	half := base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16]) // OIDC Core §3.1.3.6
	if claims["nonce"] != "a-nonce" || claims["sub"] != sub || claims["at_hash"] != half {
		t.Errorf("the ID token says %v", claims)
	}
}

// verify checks a JWT as a party that knows only the issuer: with the published keys.
func (k *kitchen) verify(t testing.TB, text, typ string, more ...jwt.ParserOption) jwt.MapClaims {
	t.Helper()
	set := k.web.get(t, k.web.get(t, k.Issuer+"/.well-known/openid-configuration", "").Text("jwks_uri"), "")
	keys, _ := set.Fields["keys"].([]any)
	find := func(token *jwt.Token) (any, error) {
		for _, one := range keys {
			if key := one.(map[string]any); key["kid"] == token.Header["kid"] {
				point := slices.Concat([]byte{4}, number(t, key["x"]), number(t, key["y"])) // SEC 1 §2.3.3
				return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}
	rules := []jwt.ParserOption{jwt.WithIssuer(k.Issuer), jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt()}
	parsed, err := jwt.Parse(text, find, append(rules, more...)...)
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if parsed.Header["typ"] != typ {
		t.Errorf("typ is %v, want %s", parsed.Header["typ"], typ)
	}
	return parsed.Claims.(jwt.MapClaims)
}

func number(t testing.TB, text any) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text.(string))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (k *kitchen) publicClient(t *testing.T) {
	token := k.app.login(t, k.person(t, "ada", "a long enough password"))
	renewed := refresh(t, k.app, token)
	if renewed.RefreshToken == token.RefreshToken {
		t.Error("the refresh token of a public client was not rotated")
	}
	if !k.web.active(t, renewed.AccessToken) {
		t.Error("the renewed token is not active")
	}
	source := k.app.TokenSource(k.app.ctx(t), renewed)
	if again, err := source.Token(); err != nil || again.AccessToken != renewed.AccessToken {
		t.Errorf("a token that is good was renewed: %v", err)
	}
}

func (k *kitchen) clientCredentials(t *testing.T) {
	token, err := k.web.service("read").Token(k.web.ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	said := k.web.post(t, "/introspect", url.Values{"token": {token.AccessToken}})
	if said.Fields["active"] != true || said.Text("scope") != "read" || token.RefreshToken != "" {
		t.Errorf("introspection says %s, refresh token %q", said.Raw, token.RefreshToken)
	}
	wrong := k.web
	wrong.ClientSecret = "not the secret"
	_, err = wrong.service("read").Token(k.web.ctx(t))
	var refused *oauth2.RetrieveError
	if !asRetrieve(err, &refused) || refused.ErrorCode != "invalid_client" || refused.Response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %v", err)
	}
}

func (k *kitchen) jwtAccess(t *testing.T) {
	token := k.jwts.login(t, k.person(t, "ada", "a long enough password"))
	claims := k.verify(t, token.AccessToken, "at+jwt", jwt.WithAudience("https://api.example.com"))
	if claims["client_id"] != "press" || claims["scope"] != "openid profile email read" {
		t.Errorf("the claims are %v", claims)
	}
	if !k.jwts.active(t, token.AccessToken) {
		t.Error("the JWT is not active")
	}
	if gone := k.jwts.post(t, "/revoke", url.Values{"token": {token.AccessToken}}); gone.Status != http.StatusOK {
		t.Errorf("revoking: %d %s", gone.Status, gone.Raw)
	}
	if k.jwts.active(t, token.AccessToken) {
		t.Error("a revoked JWT is active")
	}
}

func (k *kitchen) revocation(t *testing.T) {
	token := k.app.login(t, k.person(t, "ada", "a long enough password"))
	if gone := k.app.post(t, "/revoke", url.Values{"token": {token.RefreshToken}}); gone.Status != http.StatusOK {
		t.Errorf("revoking: %d %s", gone.Status, gone.Raw)
	}
	if k.web.active(t, token.AccessToken) {
		t.Error("V12: the access token outlived its refresh token")
	}
	if answer := k.web.get(t, k.Base+"/userinfo", token.AccessToken); answer.Status != http.StatusUnauthorized {
		t.Errorf("userinfo with a revoked token: %d", answer.Status)
	}
	refused := k.app.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
	if refused.Status != http.StatusBadRequest || refused.Text("error") != "invalid_grant" {
		t.Errorf("refreshing with a revoked token: %d %s", refused.Status, refused.Raw)
	}
	if clients := k.cli(t, "", "client", "list", "--direct", "-o", "json"); !slices.Contains(strings.Fields(clients), `"planner",`) {
		t.Errorf("client list says %s", clients)
	}
}
