package testkit

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Verifier is a PKCE code verifier that tests share.
const Verifier = "a-verifier-that-is-long-enough-for-rfc-7636-to-like-it"

// Callback is the demo clients' redirect URI at some port.
const Callback = "http://127.0.0.1:51004/callback"

// Party is a relying party of the daemon at Base.
type Party struct {
	Base   string
	ID     string
	Secret string // empty for a public client
}

// Answer is the response of an endpoint.
type Answer struct {
	Status int
	Header http.Header
	Raw    string
	Fields map[string]any
}

// Text returns a field of the answer as text; "" when the field is missing.
func (a Answer) Text(name string) string {
	text, _ := a.Fields[name].(string)
	return text
}

// AuthorizeURL returns a valid authorization request. with replaces parameters, and removes those with an empty value.
func (p Party) AuthorizeURL(with map[string]string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {p.ID}, "redirect_uri": {Callback}, "scope": {"read write"}, "state": {"a-state"},
		"code_challenge": {oauth.ChallengeOf(Verifier)}, "code_challenge_method": {oauth.MethodS256},
	}
	for name, value := range with {
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
	}
	return p.Base + "/authorize?" + query.Encode()
}

// Code lets a person authorize the client, and returns the code.
func (p Party) Code(t testing.TB, person *Person, with map[string]string) string {
	t.Helper()
	page := person.Authorize(t, p.AuthorizeURL(with))
	code := page.Query(t).Get("code")
	if code == "" {
		t.Fatalf("no code in %s", page.Location)
	}
	return code
}

// Redeem exchanges a code.
func (p Party) Redeem(t testing.TB, code string) Answer {
	t.Helper()
	return p.Token(t, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {Callback}, "code_verifier": {Verifier},
	})
}

// Refresh exchanges a refresh token.
func (p Party) Refresh(t testing.TB, token string) Answer {
	t.Helper()
	return p.Token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// Login calls Code and Redeem. It fails the test unless both succeed.
func (p Party) Login(t testing.TB, person *Person) Answer {
	t.Helper()
	answer := p.Redeem(t, p.Code(t, person, nil))
	if answer.Status != http.StatusOK {
		t.Fatalf("redeeming: %d %s", answer.Status, answer.Raw)
	}
	return answer
}

// Token posts to the token endpoint.
func (p Party) Token(t testing.TB, form url.Values) Answer {
	t.Helper()
	return p.Post(t, "/token", form)
}

// Introspect introspects a token.
func (p Party) Introspect(t testing.TB, token string) Answer {
	t.Helper()
	return p.Post(t, "/introspect", url.Values{"token": {token}})
}

// Active reports whether introspection returns active.
func (p Party) Active(t testing.TB, token string) bool {
	t.Helper()
	answer := p.Introspect(t, token)
	active, ok := answer.Fields["active"].(bool)
	if answer.Status != http.StatusOK || !ok {
		t.Fatalf("introspection: %d %s", answer.Status, answer.Raw)
	}
	return active
}

// Revoke revokes a token.
func (p Party) Revoke(t testing.TB, token string) Answer {
	t.Helper()
	return p.Post(t, "/revoke", url.Values{"token": {token}})
}

// Post sends a form with the authentication of the party.
func (p Party) Post(t testing.TB, path string, form url.Values) Answer {
	t.Helper()
	if p.Secret == "" {
		form.Set("client_id", p.ID)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.Secret != "" {
		request.SetBasicAuth(p.ID, p.Secret)
	}
	return Do(t, request)
}

// Do sends a request and reads the answer.
func Do(t testing.TB, request *http.Request) Answer {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := Answer{Status: response.StatusCode, Header: response.Header, Raw: string(raw)}
	_ = json.Unmarshal(raw, &answer.Fields) // some answers have no body
	return answer
}
