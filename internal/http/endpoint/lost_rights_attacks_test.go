package endpoint_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

func full(id oauth.ClientID, format oauth.TokenFormat) oauth.Client {
	return oauth.Client{ID: id, Format: format, GrantTypes: []string{
		oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials,
	}}
}

// deadUser fails the test unless everything the user gave away is dead, for both formats.
func deadUser(t *testing.T, d *testkit.Daemon, party testkit.Party, issued testkit.Answer) {
	t.Helper()
	refused(t, party.Refresh(t, issued.Text("refresh_token")), 400, oauth.InvalidGrant)
	if d.Demo().Active(t, issued.Text("access_token")) {
		t.Error("the access token lives on")
	}
}

func TestR07_RefreshAfterTheUserLostTheRight(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, d *testkit.Daemon, person *testkit.Person) error{
		"disabled": func(t *testing.T, d *testkit.Daemon, _ *testkit.Person) error {
			return d.App.Direct().DisableUser(t.Context(), "demo")
		},
		"new password": func(t *testing.T, d *testkit.Daemon, _ *testkit.Person) error {
			return d.App.Direct().SetPassword(t.Context(), "demo", "another password")
		},
		"consent withdrawn": func(t *testing.T, d *testkit.Daemon, person *testkit.Person) error {
			t.Helper()
			before, _, found := strings.Cut(person.Get(t, d.Base+"/account").Body, `"><input type="hidden" name="client" value="holder"`)
			token := before[strings.LastIndexByte(before, '"')+1:] // the hidden field before it
			page := person.PostForm(t, d.Base+"/account", url.Values{"csrf": {token}, "client": {"holder"}, "action": {"withdraw"}})
			if !found || page.Status >= http.StatusBadRequest {
				return fmt.Errorf("the account page: %v, %d", found, page.Status)
			}
			return nil
		},
	} {
		for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
			t.Run(name+" "+string(format), func(t *testing.T) {
				t.Parallel()
				d := testkit.Start(t)
				party, person := d.Register(t, full("holder", format)), testkit.NewPerson(t)
				issued, other := party.Login(t, person), d.SPA().Login(t, person)
				if err := end(t, d, person); err != nil {
					t.Fatal(err)
				}
				deadUser(t, d, party, issued)
				page := person.Follow(t, party.AuthorizeURL(nil))
				if name == "consent withdrawn" {
					if !strings.Contains(page.Body, `value="allow"`) {
						t.Errorf("nobody asks again: %s", testkit.Text(page.Body))
					}
					if a := d.SPA().Refresh(t, other.Text("refresh_token")); a.Status != http.StatusOK {
						t.Errorf("another client lost its grant: %d %s", a.Status, a.Raw)
					}
					return
				}
				deadUser(t, d, d.SPA(), other)
				if !strings.Contains(page.Body, `name="password"`) {
					t.Errorf("the browser is still signed in: %s", testkit.Text(page.Body))
				}
				if again := person.Submit(t, page, map[string]string{"username": "demo", "password": "demo-password"}); again.Status != http.StatusUnauthorized {
					t.Errorf("signed in again: %d", again.Status)
				}
			})
		}
	}
}

func TestR07_RefreshAfterTheClientLostTheRight(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	direct := d.App.Direct()
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			person, id := testkit.NewPerson(t), oauth.ClientID("holder-"+string(format))
			party := d.Register(t, full(id, format))
			issued := party.Login(t, person)
			setDisabled := func(value bool) {
				if _, err := direct.Registry.Change(t.Context(), id, func(c *oauth.Client) error { c.Disabled = value; return nil }); err != nil {
					t.Fatal(err)
				}
			}
			setDisabled(true)
			refused(t, party.Refresh(t, issued.Text("refresh_token")), 401, oauth.InvalidClient)
			shown(t, person.Get(t, party.AuthorizeURL(nil)))
			setDisabled(false)
			second := party.Refresh(t, issued.Text("refresh_token"))
			if second.Status != http.StatusOK {
				t.Fatalf("enabled again: %d %s", second.Status, second.Raw)
			}

			if err := direct.DeleteClient(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			refused(t, party.Refresh(t, second.Text("refresh_token")), 401, oauth.InvalidClient)
			if d.Demo().Active(t, second.Text("access_token")) {
				t.Error("an access token outlived its client")
			}
			heir := d.Register(t, full(id, format)) // somebody gets the id anew: nothing is inherited
			refused(t, heir.Refresh(t, second.Text("refresh_token")), 400, oauth.InvalidGrant)
			if page := person.Follow(t, heir.AuthorizeURL(nil)); !strings.Contains(page.Body, `value="allow"`) {
				t.Errorf("the heir got the consent: %s %s", page.Location, testkit.Text(page.Body))
			}
		})
	}
}

// Another daemon on the same Redis notices within its lease.
func TestR07_AnotherReplicaNoticesWithinTheLease(t *testing.T) {
	t.Parallel()
	one, two := pair(t)
	party := one.Register(t, full("holder", oauth.FormatOpaque))
	issued := party.Login(t, testkit.NewPerson(t))
	there := party
	there.Base = two.Base
	second := there.Refresh(t, issued.Text("refresh_token"))
	if second.Status != http.StatusOK {
		t.Fatalf("the other replica does not know the client: %d %s", second.Status, second.Raw)
	}
	if err := one.App.Direct().DeleteClient(t.Context(), "holder"); err != nil {
		t.Fatal(err)
	}
	two.Clock.Advance(1100 * time.Millisecond)
	refused(t, there.Refresh(t, second.Text("refresh_token")), 401, oauth.InvalidClient)
}
