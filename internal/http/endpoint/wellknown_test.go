package endpoint

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func everything() Metadata {
	return Metadata{
		Issuer: "https://as.example/api/v1/auth", EndpointPrefix: "/oauth2",
		Supported: oauth.Supported{
			GrantTypes: []oauth.GrantType{{Name: oauth.GrantAuthorizationCode}, {Name: oauth.GrantClientCredentials}, {Name: oauth.GrantRefreshToken}},
			AuthMethods: []oauth.ClientAuth{
				{Name: oauth.AuthBasic, Secret: true}, {Name: oauth.AuthPost, Secret: true}, {Name: oauth.AuthNone, Public: true},
			},
		},
		Scopes: []string{"openid", "read"}, Algorithms: []string{"ES256", "RS256"},
	}
}

func get(h web.Handler, header http.Header) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Host = "evil.example"
	if header != nil {
		r.Header = header
	}
	errs := &web.Errors{}
	web.Handle(errs.API, h).ServeHTTP(w, r)
	return w
}

func metadata(t *testing.T, m Metadata) (map[string]any, *httptest.ResponseRecorder) {
	t.Helper()
	e, err := NewWellKnown(m)
	if err != nil {
		t.Fatal(err)
	}
	w := get(e.Serve, nil)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc, w
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	doc, w := metadata(t, everything())
	const base = "https://as.example/api/v1/auth"
	for name, want := range map[string]any{
		"issuer":                          base,
		"authorization_endpoint":          base + "/oauth2/authorize",
		"token_endpoint":                  base + "/oauth2/token",
		"revocation_endpoint":             base + "/oauth2/revoke",
		"introspection_endpoint":          base + "/oauth2/introspect",
		"userinfo_endpoint":               base + "/oauth2/userinfo",
		"jwks_uri":                        base + "/.well-known/jwks.json",
		"request_uri_parameter_supported": false,
		"authorization_response_iss_parameter_supported": true, // A19
	} {
		if doc[name] != want {
			t.Errorf("%s: %v, want %v", name, doc[name], want)
		}
	}
	for name, want := range map[string]string{
		"code_challenge_methods_supported":              "S256",
		"response_types_supported":                      "code",
		"response_modes_supported":                      "query form_post",
		"grant_types_supported":                         "authorization_code client_credentials refresh_token",
		"token_endpoint_auth_methods_supported":         "client_secret_basic client_secret_post none",
		"introspection_endpoint_auth_methods_supported": "client_secret_basic client_secret_post",
		"id_token_signing_alg_values_supported":         "ES256 RS256",
		"scopes_supported":                              "openid read",
	} {
		if got := words(doc[name]); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := w.Header().Get("Cache-Control"); got != "public, max-age=300" {
		t.Errorf("Cache-Control %q", got)
	}
	if strings.Contains(w.Body.String(), "evil") {
		t.Error("the Host header got into the metadata")
	}
}

func words(v any) string {
	list, _ := v.([]any)
	var all []string
	for _, one := range list {
		text, _ := one.(string)
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestMetadataListsOnlyWhatIsOn(t *testing.T) {
	t.Parallel()
	m := everything()
	m.Supported.GrantTypes = []oauth.GrantType{{Name: oauth.GrantClientCredentials}}
	m.EndpointPrefix = ""
	m.AllowSelf = true
	doc, _ := metadata(t, m)
	for _, name := range []string{"authorization_endpoint", "userinfo_endpoint", "code_challenge_methods_supported", "response_modes_supported", "id_token_signing_alg_values_supported", "claims_supported", "registration_endpoint"} {
		if _, there := doc[name]; there {
			t.Errorf("%s is listed", name)
		}
	}
	if list, ok := doc["response_types_supported"].([]any); !ok || len(list) != 0 {
		t.Errorf("response_types_supported: %v; RFC 8414 requires it", doc["response_types_supported"])
	}
	if got := words(doc["introspection_endpoint_auth_methods_supported"]); !strings.HasSuffix(got, " Bearer") {
		t.Errorf("allow_self is not told: %s", got)
	}
	m = everything()
	m.Scopes = []string{"read"}
	doc, _ = metadata(t, m)
	if doc["userinfo_endpoint"] != nil || doc["authorization_endpoint"] == nil {
		t.Errorf("without openid: %v", doc)
	}
}

func TestDocumentsAreNotSentTwice(t *testing.T) {
	t.Parallel()
	e, err := NewWellKnown(everything())
	if err != nil {
		t.Fatal(err)
	}
	tag := get(e.Serve, nil).Header().Get("ETag")
	for sent, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		w := get(e.Serve, http.Header{"If-None-Match": {sent}})
		if w.Code != want || (want == 304) != (w.Body.Len() == 0) || w.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d with %d bytes", sent, w.Code, w.Body.Len())
		}
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	keys := jose.Set{Keys: []jose.JWK{{Type: "EC", ID: "k1"}}}
	e := JWKS{Keys: func(context.Context) jose.Set { return keys }}
	w := get(e.Serve, nil)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"kid":"k1"`) || w.Header().Get("Cache-Control") != "public, max-age=300" ||
		w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	keys = jose.Set{Keys: slices.Concat(keys.Keys, []jose.JWK{{Type: "EC", ID: "k2"}})}
	if again := get(e.Serve, http.Header{"If-None-Match": {w.Header().Get("ETag")}}); again.Code != http.StatusOK {
		t.Errorf("a new key is not seen: %d", again.Code)
	}
	empty := JWKS{Keys: func(context.Context) jose.Set { return jose.Set{} }}
	if err := empty.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)); code(err) != oauth.TemporarilyUnavailable {
		t.Errorf("an empty set was published: %v", err)
	}
}
