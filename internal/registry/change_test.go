package registry

import (
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func TestChangeIsDecidedAgainAfterAConflict(t *testing.T) {
	t.Parallel()
	s := newStage()
	here, there := s.replica(), s.replica()
	id := registered(t, here, "demo").ID
	s.shelf.onPut = func() { rename(t, there, id, "Renamed") }
	changed, err := here.Change(t.Context(), id, func(c *oauth.Client) error { c.Disabled = true; return nil })
	must(t, err)
	if changed.Name != "Renamed" || !changed.Disabled || changed.Revision != 3 {
		t.Errorf("one of two changes is lost: %+v", changed)
	}
	if _, err := here.Change(t.Context(), "nobody", func(*oauth.Client) error { return nil }); !errors.Is(err, store.Absent) {
		t.Errorf("%v", err)
	}
	if _, err := here.Change(t.Context(), id, func(*oauth.Client) error { return errAway }); !errors.Is(err, errAway) {
		t.Errorf("the error of the edit: %v", err)
	}
}

func TestChangeKeepsWhatIsNotToBeChanged(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	before := registered(t, r, "demo")
	s.pass(time.Hour)
	after, err := r.Change(t.Context(), before.ID, func(c *oauth.Client) error {
		c.ID, c.Created, c.Revision = "other", time.Time{}, 99
		return nil
	})
	must(t, err)
	if after.ID != before.ID || !after.Created.Equal(before.Created) || !after.Updated.Equal(s.now()) || after.Revision != 2 {
		t.Errorf("%+v", after)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	for _, id := range []string{"c", "a", "b", "d"} {
		registered(t, r, id)
	}
	page, err := r.List(t.Context(), "a", 2)
	must(t, err)
	if len(page) != 2 || page[0].ID != "b" || page[1].ID != "c" || page[0].Name != "Demo" {
		t.Errorf("%+v", page)
	}
	s.shelf.goAway(true)
	if _, err := r.List(t.Context(), "", 2); !errors.Is(err, errAway) {
		t.Errorf("%v", err)
	}
}

// A client keeps a redirect URI whose scheme is no longer allowed, so that it can still be changed.
func TestF_S03_AClientKeepsASchemeThatIsNoLongerAllowed(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	r.o.Schemes = []string{"vscode"}
	editor := confidential("editor")
	editor.RedirectURIs = []string{"vscode://publisher.extension/callback"}
	if _, _, err := r.Register(t.Context(), editor, ""); err != nil {
		t.Fatal(err)
	}
	disable := func(c *oauth.Client) error { c.Disabled = true; return nil }
	if _, err := s.replica().Change(t.Context(), "editor", disable); err != nil {
		t.Errorf("the client cannot be disabled: %v", err)
	}
	more := func(c *oauth.Client) error { c.RedirectURIs = append(c.RedirectURIs, "vscode://other"); return nil }
	if _, err := s.replica().Change(t.Context(), "editor", more); err == nil || oauth.AsError(err).Code != oauth.InvalidRedirectURI {
		t.Errorf("a further one: %v", err)
	}
}

// A client of a later release stays in an operator's hand after a rollback: it can be disabled and lose its secrets, and
// nothing can be added to it that this release does not know.
func TestAClientOfALaterReleaseCanBeDisabled(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(*oauth.Client){
		"an authentication method": func(c *oauth.Client) { c.Method = "client_secret_jwt" },
		"a grant type":             func(c *oauth.Client) { c.GrantTypes = []string{"urn:ietf:params:oauth:grant-type:device_code"} },
		"an algorithm":             func(c *oauth.Client) { c.Algorithm = "ML-DSA-44" },
		"a format":                 func(c *oauth.Client) { c.Format = "cwt" },
	} {
		s := newStage()
		r := s.replica()
		c, _, err := r.Register(t.Context(), confidential("app"), "")
		must(t, err)
		later(&c)
		_, err = s.shelf.Put(t.Context(), c)
		must(t, err)
		change := func(edit func(*oauth.Client)) error {
			_, err := s.replica().Change(t.Context(), "app", func(c *oauth.Client) error { edit(c); return nil })
			return err
		}
		if err := change(func(c *oauth.Client) { c.Disabled, c.NotBefore = true, s.now() }); err != nil {
			t.Errorf("%s: disable: %v", name, err)
		}
		if err := r.DropSecret(t.Context(), "app", c.Secrets[0].ID); err != nil {
			t.Errorf("%s: drop a secret: %v", name, err)
		}
		for what, edit := range map[string]func(*oauth.Client){
			"a name":   func(c *oauth.Client) { c.Name = "App" },
			"a scope":  func(c *oauth.Client) { c.Scopes = oauth.Scopes{"more"} },
			"a secret": func(c *oauth.Client) { c.Secrets = []oauth.Secret{{ID: "new", Scheme: oauth.SchemeDigest}} },
		} {
			if err := change(edit); err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata {
				t.Errorf("%s: change %s: %v", name, what, err)
			}
		}
	}
}
