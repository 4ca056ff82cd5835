package authorize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Which check runs at which endpoint, and which of them again each time that a request comes back.
func TestTheTableOfChecks(t *testing.T) {
	t.Parallel()
	for name, column := range map[string]struct {
		at               Endpoint
		once, each, read string
	}{
		"authorize": {
			AtAuthorize,
			"client, redirect URI, well-formed, request object, response, PKCE, scope, nonce, resource, prompt, hint",
			"client, redirect URI, grant type, scope, resource",
			"client_id code_challenge code_challenge_method id_token_hint login_hint max_age nonce prompt redirect_uri request request_uri " +
				"resource response_mode response_type scope state ui_locales",
		},
		"par": {
			AtPAR,
			"client, redirect URI, well-formed, request object, response, PKCE, scope, nonce, resource, prompt, hint",
			"client, redirect URI, grant type, scope, resource",
			"client_id code_challenge code_challenge_method id_token_hint login_hint max_age nonce prompt redirect_uri request request_uri " +
				"resource response_mode response_type scope state ui_locales",
		},
		"device": {
			AtDevice, "client, well-formed, scope, resource", "client, grant type, scope, resource", "client_id resource scope",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var once, each, read []string
			for _, c := range chain {
				if c.at&column.at == 0 {
					continue
				}
				if c.read != nil {
					once = append(once, c.name)
				}
				if c.holds != nil {
					each = append(each, c.name)
				}
				read = append(read, c.parameters...)
			}
			slices.Sort(read)
			for what, pair := range map[string][2]string{
				"once": {strings.Join(once, ", "), column.once}, "each time": {strings.Join(each, ", "), column.each},
				"parameters": {strings.Join(slices.Compact(read), " "), column.read},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s:\n got  %s\n want %s", what, pair[0], pair[1])
				}
			}
		})
	}
}

// checker is an Authorizer that can check requests of the client app.
func checker(t *testing.T) *Authorizer {
	t.Helper()
	db, err := redisconn.Open(t.Context(), redisconn.Options{Timeout: 10 * time.Second, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	clients := registry.New(registry.Options{
		Supported: oauth.Supported{
			GrantTypes:  []oauth.GrantType{{Name: oauth.GrantAuthorizationCode, Public: true, RedirectURI: true}},
			AuthMethods: []oauth.ClientAuth{{Name: oauth.AuthNone, Public: true}},
		},
		Store: redisstore.NewClients(db), Lease: freshness.New(freshness.Options{Store: redisstore.NewFreshness(db), Now: time.Now}), Hasher: secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1}), Now: time.Now,
	})
	_, _, err = clients.Register(t.Context(), oauth.Client{
		ID: "app", RedirectURIs: []string{"https://app.example/callback"}, Scopes: oauth.Scopes{"read"}, Method: oauth.AuthNone,
		GrantTypes: []string{oauth.GrantAuthorizationCode},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Registry: clients, Now: time.Now, Issuer: "https://as.example"})
}

// The same request at each endpoint: what is refused at one may be of no concern at another.
func TestChecksByEndpoint(t *testing.T) {
	t.Parallel()
	a := checker(t)
	whole := url.Values{
		"client_id": {"app"}, "redirect_uri": {"https://app.example/callback"}, "response_type": {"code"}, "scope": {"read"},
		"state": {"s"}, "code_challenge_method": {"S256"}, "code_challenge": {oauth.ChallengeOf("v")},
	}
	const passes = oauth.Code("")
	for _, row := range []struct {
		name, parameter, value string
		authorize, par, device oauth.Code
	}{
		{"nothing is wrong", "x", "y", passes, passes, oauth.UnauthorizedClient},
		{"client_id", "client_id", "", oauth.InvalidRequest, oauth.InvalidRequest, oauth.InvalidRequest},
		{"another client", "client_id", "another", oauth.InvalidRequest, oauth.InvalidRequest, oauth.InvalidRequest},
		{"redirect_uri", "redirect_uri", "https://evil.example", oauth.InvalidRequest, oauth.InvalidRequest, oauth.UnauthorizedClient},
		{"response_type", "response_type", "token", oauth.UnsupportedResponseType, oauth.UnsupportedResponseType, oauth.UnauthorizedClient},
		{"response_mode", "response_mode", "web_message", oauth.InvalidRequest, oauth.InvalidRequest, oauth.UnauthorizedClient},
		{"request object", "request", "e30.e30.", oauth.RequestNotSupported, oauth.RequestNotSupported, oauth.UnauthorizedClient},
		{"request URI", "request_uri", "https://a.example", oauth.RequestURINotSupported, oauth.RequestURINotSupported, oauth.UnauthorizedClient},
		{"PKCE", "code_challenge", "", oauth.InvalidRequest, oauth.InvalidRequest, oauth.UnauthorizedClient},
		{"PKCE plain", "code_challenge_method", "plain", oauth.InvalidRequest, oauth.InvalidRequest, oauth.UnauthorizedClient},
		{"scope", "scope", "write", oauth.InvalidScope, oauth.InvalidScope, oauth.UnauthorizedClient},
		{"resource", "resource", "https://unknown.example", oauth.InvalidTarget, oauth.InvalidTarget, oauth.UnauthorizedClient},
		{"prompt", "prompt", "none login", oauth.InvalidRequest, oauth.InvalidRequest, oauth.UnauthorizedClient},
		{"max_age", "max_age", "x", oauth.InvalidRequest, oauth.InvalidRequest, oauth.UnauthorizedClient},
	} {
		for at, want := range map[Endpoint]oauth.Code{AtAuthorize: row.authorize, AtPAR: row.par, AtDevice: row.device} {
			t.Run(row.name+"/"+endpointName(at), func(t *testing.T) {
				t.Parallel()
				form := url.Values{}
				for name, values := range whole {
					form[name] = values
				}
				form.Set(row.parameter, row.value)
				params, malformed := oauth.ParseParams(form)
				_, err := a.Check(t.Context(), at, Sent{Params: params, Malformed: malformed})
				if want == passes {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if err == nil || oauth.AsError(err).Code != want {
					t.Fatalf("%v, want %s", err, want)
				}
				if at != AtAuthorize && oauth.AsError(err).Return != nil {
					t.Error("an error for a client that asks directly is sent to its redirect URI")
				}
			})
		}
	}
}

func endpointName(at Endpoint) string {
	return map[Endpoint]string{AtAuthorize: "authorize", AtPAR: "par", AtDevice: "device"}[at]
}

// A check sees only the parameters of its row, so that the table cannot leave one out.
func TestAChecksSeesOnlyItsOwnParameters(t *testing.T) {
	t.Parallel()
	params, err := oauth.ParseParams(url.Values{"scope": {"read"}, "resource": {"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	in := input{visible: []string{"resource"}, sent: Sent{Params: params}}
	if in.get("scope") != "" || in.all("scope") != nil || len(in.all("resource")) != 2 {
		t.Errorf("%q %v %v", in.get("scope"), in.all("scope"), in.all("resource"))
	}
}

// What may be read only once (a request URI of PAR, the jti of a request object) is read once.
func TestARequestThatMayBeReadOnlyOnceIsResumed(t *testing.T) {
	t.Parallel()
	a := checker(t)
	var reads int
	errSpent := errors.New("the request URI was used before")
	a.chain = append(slices.Clone(a.chain), check{"one-time", everywhere, nil, func(context.Context, *Authorizer, input, *Request) error {
		reads++
		if reads > 1 {
			return errSpent
		}
		return nil
	}, nil})
	params, err := oauth.ParseParams(url.Values{
		"client_id": {"app"}, "response_type": {"code"}, "scope": {"read"}, "code_challenge_method": {"S256"}, "code_challenge": {oauth.ChallengeOf("v")},
		"state": {"\xff\x00<"}, "nonce": {"n"}, "max_age": {"60"}, "login_hint": {"ada"}, "ui_locales": {"de"},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, err := a.Check(t.Context(), AtAuthorize, Sent{Params: params})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := pack(first.Asked)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := a.recheck(t.Context(), asked)
		if err != nil || again.Return != first.Return || again.Scope.String() != first.Scope.String() || again.Nonce != "n" ||
			again.Prompt != first.Prompt || again.LoginHint != "ada" || again.Locales != "de" || again.Challenge != first.Challenge {
			t.Errorf("%v: it came back as %+v", err, again)
		}
	}
	if reads != 1 {
		t.Errorf("read %d times", reads)
	}
	repacked, err := pack(asked)
	if err != nil || !bytes.Equal(repacked, packed) {
		t.Errorf("packed again, it is another text: %v", err)
	}
}

func TestA27_Prompts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text, maxAge string
		want         prompt
		refused      bool
	}{
		{"", "", prompt{}, false},
		{"none", "", prompt{None: true}, false},
		{"login", "", prompt{Login: true}, false},
		{"select_account", "", prompt{Login: true}, false},
		{"consent", "", prompt{Consent: true}, false},
		{"consent login", "", prompt{Login: true, Consent: true}, false},
		{"login login", "", prompt{Login: true}, false},
		{"  login  ", "", prompt{Login: true}, false},
		{"", "0", prompt{Aged: true}, false},
		{"none", "3600", prompt{None: true, Aged: true, MaxAge: time.Hour}, false},
		{"", "2147483647", prompt{Aged: true, MaxAge: 2147483647 * time.Second}, false},
		{"none login", "", prompt{}, true},
		{"login none", "", prompt{}, true},
		{"none none", "", prompt{}, true},
		{"LOGIN", "", prompt{}, true},
		{"create", "", prompt{}, true},
		{"", "-1", prompt{}, true},
		{"", "+1", prompt{}, true},
		{"", "1.5", prompt{}, true},
		{"", "0x10", prompt{}, true},
		{"", " 1", prompt{}, true},
		{"", "1_000", prompt{}, true},
		{"", "2147483648", prompt{}, true},
		{"", "99999999999999999999", prompt{}, true},
	} {
		t.Run(fmt.Sprintf("prompt=%q max_age=%q", row.text, row.maxAge), func(t *testing.T) {
			got, err := parsePrompt(row.text, row.maxAge)
			if (err != nil) != row.refused || got != row.want {
				t.Errorf("%q %q: %+v %v", row.text, row.maxAge, got, err)
			}
			if row.refused && oauth.AsError(err).Code != oauth.InvalidRequest {
				t.Errorf("%q %q: %v", row.text, row.maxAge, err)
			}
		})
	}
}

func TestWhenAPersonMustProveThemselvesAgain(t *testing.T) {
	t.Parallel()
	asked := time.Unix(1_000_000, 0)
	now := asked.Add(time.Minute)
	for name, row := range map[string]struct {
		p    prompt
		auth time.Time
		want bool
	}{
		"nothing is demanded":               {prompt{}, asked.Add(-24 * time.Hour), true},
		"login, from before":                {prompt{Login: true}, asked.Add(-time.Second), false},
		"login, since":                      {prompt{Login: true}, asked, true},
		"no age allowed, from before":       {prompt{Aged: true}, asked.Add(-time.Second), false},
		"no age allowed, since":             {prompt{Aged: true}, asked.Add(time.Second), true},
		"an hour allowed, half of it":       {prompt{Aged: true, MaxAge: time.Hour}, now.Add(-time.Hour / 2), true},
		"an hour allowed, exactly":          {prompt{Aged: true, MaxAge: time.Hour}, now.Add(-time.Hour), true},
		"an hour allowed, and more":         {prompt{Aged: true, MaxAge: time.Hour}, now.Add(-time.Hour - 1), false},
		"login although young enough":       {prompt{Login: true, Aged: true, MaxAge: time.Hour}, asked.Add(-time.Second), false},
		"consent alone demands no password": {prompt{Consent: true}, asked.Add(-time.Hour), true},
	} {
		if got := row.p.satisfied(row.auth, asked, now); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzParsePrompt(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"none", "0"}, {"none login", "1"}, {"login consent select_account", "2147483647"}, {"x", "-1"}, {"\x00", "١"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, maxAge string) {
		p, err := parsePrompt(text, maxAge)
		if err != nil {
			if p != (prompt{}) || oauth.AsError(err).Code != oauth.InvalidRequest {
				t.Errorf("%q %q: %+v %v", text, maxAge, p, err)
			}
			return
		}
		if p.None && (p.Login || p.Consent) || p.MaxAge < 0 || p.MaxAge > 69*365*24*time.Hour || p.Aged != (maxAge != "") {
			t.Errorf("%q %q: %+v", text, maxAge, p)
		}
	})
}
