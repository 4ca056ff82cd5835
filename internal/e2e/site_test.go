package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// site is a server as its operator sees it: the settings that all its daemons and the command line share.
type site struct {
	Issuer string
	Base   string // the prefix of /token
	Listen string // of the first daemon
	Key    string // the master key
	HTTP   *http.Client

	env []string
}

// newSite creates settings; nothing runs yet. path is that of the issuer, prefix that of the endpoints.
func newSite(t testing.TB, path, prefix string, env ...string) *site {
	t.Helper()
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	s := &site{Listen: "127.0.0.1:" + redistest.FreePort(t), Key: base64.StdEncoding.EncodeToString(raw)}
	s.Issuer = "http://" + s.Listen + path
	s.Base = s.Issuer + prefix
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	s.HTTP = &http.Client{Transport: transport, Timeout: patience}
	s.env = append([]string{
		"OAUTH2D_ISSUER=" + s.Issuer, "OAUTH2D_SERVER_ENDPOINT_PREFIX=" + prefix, "OAUTH2D_MASTER_KEY=" + s.Key,
		"OAUTH2D_SERVER_LISTEN=127.0.0.1:0", "OAUTH2D_ADMIN_LISTEN=127.0.0.1:0", "OAUTH2D_LOG_LEVEL=debug",
		"OAUTH2D_PASSWORD_MEMORY=8192", "OAUTH2D_PASSWORD_TIME=1", // the lowest cost that is allowed
	}, env...)
	return s
}

// patient are settings for tests that measure nothing: the machine may be busy.
var patient = []string{"OAUTH2D_REDIS_TIMEOUT=5s", "OAUTH2D_REDIS_DIAL_TIMEOUT=5s"}

// onRedis returns the settings for a standalone server.
func onRedis(r *redistest.Server) []string {
	return append([]string{"OAUTH2D_REDIS_MODE=standalone", "OAUTH2D_REDIS_ADDRS=" + r.Addr}, patient...)
}

// onSentinels returns the settings for a group.
func onSentinels(g *redistest.Group) []string {
	return []string{
		"OAUTH2D_REDIS_MODE=sentinel", "OAUTH2D_REDIS_MASTER_NAME=" + redistest.MasterName,
		"OAUTH2D_REDIS_ADDRS=" + strings.Join(g.Addrs, ","),
	}
}

// serve starts the daemon on the address of the issuer.
func (s *site) serve(t testing.TB, args ...string) *daemon {
	t.Helper()
	return serve(t, append(slices.Clone(s.env), "OAUTH2D_SERVER_LISTEN="+s.Listen), args...)
}

// replica starts another daemon of the same issuer, like those behind a load balancer.
func (s *site) replica(t testing.TB) *daemon {
	t.Helper()
	return serve(t, append(slices.Clone(s.env), "OAUTH2D_SERVER_LISTEN=127.0.0.1:0"))
}

// cli runs a command that must succeed, and returns what it printed.
func (s *site) cli(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	did := cli(t, slices.Concat(s.env, patient), stdin, args...)
	if did.code != 0 {
		t.Fatalf("oauth2d %s: exit code %d\n%s", strings.Join(args, " "), did.code, did.err)
	}
	return strings.TrimSpace(did.out)
}

// user adds a person on the command line, and opens a browser for them.
func (s *site) user(t testing.TB, name, password string) *testkit.Person {
	t.Helper()
	s.cli(t, password+"\n", "user", "create", name, "--direct", "--password-file", "-", "--email", name+"@example.com", "--display-name", "The Person "+name)
	return s.person(t, name, password)
}

func (s *site) person(t testing.TB, name, password string) *testkit.Person {
	t.Helper()
	p := testkit.NewPerson(t)
	p.Name, p.Password = name, password
	p.Client.Transport = s.HTTP.Transport
	return p
}

// client registers a client on the command line, which prints the secret alone on a line.
func (s *site) client(t testing.TB, id string, flags ...string) party {
	t.Helper()
	printed := s.cli(t, "", append([]string{"client", "create", id, "--direct", "--redirect-uri", redirect}, flags...)...)
	p := s.party(id, printed)
	if slices.Contains(flags, "--public") {
		if printed != id {
			t.Fatalf("client create %s --public printed %q", id, printed)
		}
		p = s.party(id, "")
	} else if len(printed) < 43 { // 256 bits in base64url
		t.Fatalf("client create %s printed %q instead of a secret", id, printed)
	}
	return p
}

// The properties of most clients.
var (
	webApp = []string{
		"--name", "Recipe Planner", "--grant", "authorization_code,refresh_token,client_credentials",
		"--scope", "openid profile email offline_access read write", "--introspection", "any",
	}
	publicApp = []string{
		"--public", "--native", "--name", "Pocket Recipes", "--grant", "authorization_code,refresh_token",
		"--scope", "openid profile email offline_access read write",
	}
	service = []string{"--grant", "client_credentials", "--scope", "read write"}
)

// redirect is the redirect URI of every client; nothing listens there.
const redirect = "http://127.0.0.1/callback"

// party is a relying party that uses golang.org/x/oauth2.
type party struct {
	oauth2.Config
	Base string
	HTTP *http.Client
}

func (s *site) party(id, secret string) party {
	p := party{HTTP: s.HTTP}
	p.ClientID, p.ClientSecret, p.RedirectURL = id, secret, redirect
	p.Scopes = []string{"openid", "profile", "email", "read"}
	return p.at(s.Base)
}

// at returns the same party with another daemon.
func (p party) at(base string) party {
	p.Base = base
	p.Endpoint = oauth2.Endpoint{AuthURL: base + "/authorize", TokenURL: base + "/token", AuthStyle: oauth2.AuthStyleInHeader}
	if p.ClientSecret == "" {
		p.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return p
}

// ctx makes golang.org/x/oauth2 use the connections of the party.
func (p party) ctx(t testing.TB) context.Context {
	return context.WithValue(t.Context(), oauth2.HTTPClient, p.HTTP)
}

// request returns an authorization request whose code needs the verifier.
func (p party) request(verifier string, more ...oauth2.AuthCodeOption) string {
	return p.AuthCodeURL("the-state", append([]oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}, more...)...)
}

// authorize lets a person decide, and returns the code.
func (p party) authorize(t testing.TB, who *testkit.Person, verifier string, more ...oauth2.AuthCodeOption) string {
	t.Helper()
	query := who.Authorize(t, p.request(verifier, more...)).Query(t)
	if query.Get("code") == "" || query.Get("state") != "the-state" {
		t.Fatalf("the answer is %v", query)
	}
	return query.Get("code")
}

// login runs a complete authorization code flow.
func (p party) login(t testing.TB, who *testkit.Person, more ...oauth2.AuthCodeOption) *oauth2.Token {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	token, err := p.Exchange(p.ctx(t), p.authorize(t, who, verifier, more...), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// service returns the same client on its own behalf.
func (p party) service(scopes ...string) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, TokenURL: p.Endpoint.TokenURL, AuthStyle: p.Endpoint.AuthStyle, Scopes: scopes,
	}
}

// post sends a form, with the client's authentication.
func (p party) post(t testing.TB, path string, form url.Values) testkit.Answer {
	t.Helper()
	if p.ClientSecret == "" {
		form.Set("client_id", p.ClientID)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.ClientSecret != "" {
		request.SetBasicAuth(url.QueryEscape(p.ClientID), url.QueryEscape(p.ClientSecret))
	}
	return send(t, p.HTTP, request)
}

// get requests an address with an access token; without one when bearer is empty.
func (p party) get(t testing.TB, address, bearer string) testkit.Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return send(t, p.HTTP, request)
}

// active reports whether introspection returns active.
func (p party) active(t testing.TB, token string) bool {
	t.Helper()
	answer := p.post(t, "/introspect", url.Values{"token": {token}})
	active, ok := answer.Fields["active"].(bool)
	if answer.Status != http.StatusOK || !ok {
		t.Fatalf("introspection: %d %s", answer.Status, answer.Raw)
	}
	return active
}
