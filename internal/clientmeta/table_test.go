package clientmeta

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// full is a client in which every property differs from its empty value.
func full() oauth.Client {
	return oauth.Client{
		ID: "planner", Name: "Planner", Disabled: true, Method: oauth.AuthPost, Type: oauth.AppNative,
		RedirectURIs: []string{"https://a.example/cb"}, PostLogoutURIs: []string{"https://a.example/out"},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		Scopes:     oauth.Scopes{"read", "write"}, DefaultScopes: oauth.Scopes{"read"},
		Audience: []string{"b", "a"}, Resources: []string{"https://r.example/"},
		Format: oauth.FormatJWT, Algorithm: "ES256", Rotation: oauth.RotateNever, Introspection: oauth.IntrospectAny,
		SkipConsent: true, SignOutEndsAll: true, RequestsPerMinute: -1, Claims: map[string]string{"team": "<blue>"},
		Lifetimes: oauth.Lifetimes{
			Code: time.Minute, Access: 1500 * time.Millisecond, RefreshIdle: time.Hour, RefreshAbsolute: 24 * time.Hour,
		},
	}
}

// Each field of oauth.Client that an operator sets has exactly one entry, and every entry is complete.
func TestTable(t *testing.T) {
	t.Parallel()
	bookkeeping := map[string]bool{"ID": true, "Secrets": true, "NotBefore": true, "Created": true, "Updated": true, "Revision": true}
	c := full()
	covered, names, stored := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, p := range Properties() {
		group, name := storedNames(p)
		if names[p.Path()] || stored[group+"/"+name] || name == "" || p.Doc == "" {
			t.Errorf("%s: a name is duplicated, or a text is missing", p.Path())
		}
		names[p.Path()], stored[group+"/"+name] = true, true
		emptied := c
		p.clear(&emptied)
		if reflect.DeepEqual(p.Wire(&emptied), p.Wire(&c)) {
			t.Errorf("%s: full() does not set it", p.Path())
		}
		for i := range reflect.TypeFor[oauth.Client]().NumField() {
			if !reflect.DeepEqual(reflect.ValueOf(c).Field(i).Interface(), reflect.ValueOf(emptied).Field(i).Interface()) {
				covered[reflect.TypeFor[oauth.Client]().Field(i).Name]++
			}
		}
		if p.Default != nil {
			if err := p.Set(&emptied, p.Default(&emptied)); err != nil {
				t.Errorf("%s: its default %v", p.Path(), err)
			}
		}
		if err := p.Set(&emptied, struct{}{}); err == nil {
			t.Errorf("%s: takes a value of another type", p.Path())
		}
	}
	for i := range reflect.TypeFor[oauth.Client]().NumField() {
		name := reflect.TypeFor[oauth.Client]().Field(i).Name
		if !bookkeeping[name] && name != "Lifetimes" && covered[name] != 1 {
			t.Errorf("%s has %d entries in the table", name, covered[name])
		}
	}
	if err := Check(c, core()); err != nil {
		t.Errorf("full() is refused: %v", err)
	}
}

// core returns the names that package oauth has.
func core() Served {
	return ServedBy(oauth.Supported{
		AuthMethods: []oauth.ClientAuth{{Name: oauth.AuthBasic}, {Name: oauth.AuthPost}, {Name: oauth.AuthNone}},
		GrantTypes:  []oauth.GrantType{{Name: oauth.GrantAuthorizationCode}, {Name: oauth.GrantClientCredentials}, {Name: oauth.GrantRefreshToken}},
	})
}

// A client survives the store and the wire; the wire has whole seconds.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]oauth.Client{"full": full(), "empty": {}} {
		t.Run(what, func(t *testing.T) {
			text, err := json.Marshal(Stored(&c))
			if err != nil {
				t.Fatal(err)
			}
			back := oauth.Client{ID: c.ID}
			if err := Load(&back, text); err != nil || !reflect.DeepEqual(back, c) {
				t.Errorf("%s: stored %s, loaded %+v, %v", what, text, back, err)
			}
			var wire Object
			wire.AddForm(&c)
			text, err = json.Marshal(&wire)
			if err != nil {
				t.Fatal(err)
			}
			back = oauth.Client{ID: c.ID}
			c.Lifetimes.Access = c.Lifetimes.Access.Truncate(time.Second)
			if err := Decode(&back, text); err != nil || !reflect.DeepEqual(back, c) {
				t.Errorf("%s: wire %s, decoded %+v, %v", what, text, back, err)
			}
		})
	}
	var c oauth.Client
	for _, wrong := range []string{`[]`, `{"disabled":"yes"}`, `{"lifetimes":1}`, `{"lifetimes":{"code":"x"}}`} {
		if Decode(&c, []byte(wrong)) == nil {
			t.Errorf("%s was decoded", wrong)
		}
	}
}

// A registration that an earlier release stored is read as it was.
func TestLoadsWhatEarlierReleasesStored(t *testing.T) {
	t.Parallel()
	const stored = `{"name":"Planner","disabled":true,"token_endpoint_auth_method":"client_secret_post","application_type":"native",` +
		`"redirect_uris":["https://a.example/cb"],"post_logout_redirect_uris":["https://a.example/out"],` +
		`"grant_types":["authorization_code","refresh_token"],"scopes":["read","write"],"default_scopes":["read"],` +
		`"audience":["b","a"],"resources":["https://r.example/"],"format":"jwt","algorithm":"ES256","rotation":"never",` +
		`"introspection":"any","skip_consent":true,"sign_out_ends_offline_access":true,` +
		`"lifetimes_ms":{"code":60000,"access":1500,"refresh_idle":3600000,"refresh_absolute":86400000},` +
		`"claims":{"team":"<blue>"},"requests_per_minute":-1,"not_before":"2026-01-01T00:00:00Z"}`
	c := oauth.Client{ID: "planner"}
	if err := Load(&c, []byte(stored)); err != nil || !reflect.DeepEqual(c, full()) {
		t.Errorf("%+v, %v", c, err)
	}
}

// A refusal names its property, and lists what is allowed.
func TestRefusalsCarryTheirField(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*oauth.Client){
		"client_name":                func(c *oauth.Client) { c.Name = "" },
		"token_endpoint_auth_method": func(c *oauth.Client) { c.Method = "magic" },
		"grant_types":                func(c *oauth.Client) { c.GrantTypes = []string{"magic"} },
		"post_logout_redirect_uris":  func(c *oauth.Client) { c.PostLogoutURIs = []string{"javascript:x"} },
		"default_scope":              func(c *oauth.Client) { c.DefaultScopes = oauth.Scopes{"a b"} },
		"introspection":              func(c *oauth.Client) { c.Introspection = "magic" },
		"lifetimes/access_token":     func(c *oauth.Client) { c.Lifetimes.Access = 25 * time.Hour },
		"claims":                     func(c *oauth.Client) { c.Claims = map[string]string{"": "x"} },
	} {
		c := full()
		spoil(&c)
		if err := Check(c, core()); err == nil || oauth.AsError(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	c := full()
	c.Method = "client_secret_jwt"
	served := core()
	served.AuthMethods = append(served.AuthMethods, "client_secret_jwt")
	if err := Check(c, served); err != nil {
		t.Errorf("a method that is served: %v", err)
	}
	err := Check(c, core())
	if !strings.HasSuffix(oauth.AsError(err).Description, "is one of client_secret_basic, client_secret_post and none") {
		t.Errorf("a method that is not served: %v", err)
	}
}

func TestDefaultsAndReset(t *testing.T) {
	t.Parallel()
	c := WithDefaults(oauth.Client{ID: "x"})
	if c.Name != "x" || c.Method != oauth.AuthBasic || c.Type != oauth.AppWeb || c.Format != oauth.FormatOpaque || !c.MayUse(oauth.GrantAuthorizationCode) {
		t.Errorf("defaults: %+v", c)
	}
	reset := full()
	for _, p := range Properties() {
		p.Reset(&reset)
	}
	reset.ID = "x"
	for _, m := range Members() {
		if m.Name != "client_name" && !m.Same(&reset, &c) {
			t.Errorf("%s is not reset: %v", m.Name, m.Wire(&reset))
		}
	}
	reordered := full()
	reordered.Scopes, reordered.Audience = oauth.Scopes{"write", "read"}, []string{"a", "b"}
	was := full()
	var differ []string
	for _, m := range Members() {
		if !m.Same(&was, &reordered) {
			differ = append(differ, m.Name)
		}
	}
	if strings.Join(differ, " ") != "audience" {
		t.Errorf("differ: %v", differ)
	}
}

// Unrecorded values stay out of the audit log.
func TestAuditDetails(t *testing.T) {
	t.Parallel()
	c := full()
	all := Details(c)
	if len(all) != len(Members()) || all["scope"] != "read write" || all["introspection"] != "any" ||
		all["lifetimes"] != "code 1m0s, access 1.5s, refresh idle 1h0m0s, refresh absolute 24h0m0s" {
		t.Errorf("details: %v", all)
	}
	if Details(oauth.Client{})["lifetimes"] != "" {
		t.Error("empty lifetimes are recorded")
	}
	hidden := Member{Name: "claims", Properties: []Property{{Unrecorded: true}}}
	if len(details([]Member{hidden}, &c)) != 0 {
		t.Error("an unrecorded value is recorded")
	}
}

func TestObjectsReportErrors(t *testing.T) {
	t.Parallel()
	var all Object
	all.Add("x", make(chan int))
	if _, err := json.Marshal(&all); err == nil || errors.Unwrap(err) == nil {
		t.Error("a value that JSON cannot write was written")
	}
}
