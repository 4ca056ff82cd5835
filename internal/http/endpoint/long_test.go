package endpoint_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// headerBytes is how long the head of an answer is on the wire.
func headerBytes(page testkit.Page) int {
	sum := len("HTTP/1.1 303 See Other\r\n\r\n") + len("Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")
	for name, values := range page.Header {
		for _, value := range values {
			sum += len(name) + len(": \r\n") + len(value)
		}
	}
	return sum
}

// However long the state, no answer has more than 4 KB of headers, no address of ours is longer than 8 KB, and the
// state comes back byte for byte.
func TestALongStatePassesProxiesWithTheirDefaults(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	noise := make([]byte, 4096)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]string{
		"2 KB of a token": base64.RawURLEncoding.EncodeToString(noise)[:2048], "4 KB of a token": base64.RawURLEncoding.EncodeToString(noise)[:4096],
		"4 KB of bytes": string(noise), "4 KB of umlauts": strings.Repeat("ä", 2048), "quotes": strings.Repeat(`"<>&'`, 800),
	} {
		person := testkit.NewPerson(t)
		check := func(page testkit.Page) testkit.Page {
			t.Helper()
			if n := headerBytes(page); n > 4096 {
				t.Errorf("%s: %d bytes of headers from %.40s", name, n, page.URL)
			}
			if n := len(page.Location); strings.HasPrefix(page.Location, "/") && n > 8000 {
				t.Errorf("%s: an address of %d bytes", name, n)
			}
			return page
		}
		u, err := url.Parse(d.Demo().AuthorizeURL(map[string]string{"state": state, "prompt": "consent"}))
		if err != nil {
			t.Fatal(err)
		}
		check(person.Get(t, u.String()))
		page := check(person.PostForm(t, d.Base+"/authorize", u.Query()))
		page = check(person.Get(t, d.Base+page.Location)) // to the sign-in page
		page = check(person.Get(t, d.Base+page.Location))
		page = check(person.Post(t, page, map[string]string{"username": "demo", "password": "demo-password"}))
		page = check(person.Get(t, d.Base+page.Location)) // to the consent page
		page = check(person.Get(t, d.Base+page.Location))
		page = check(person.Post(t, page, map[string]string{"decision": "allow"}))
		page = check(person.Get(t, d.Base+page.Location))
		if got := page.Query(t); got.Get("state") != state || got.Get("code") == "" {
			t.Errorf("%s: state of %d bytes came back with %d", name, len(state), len(got.Get("state")))
		}
		if page.Status == http.StatusOK && (strings.Count(page.Body, "<a href=") != 1 || strings.Contains(page.Body, "<script")) {
			t.Errorf("%s: %.300s", name, page.Body)
		}
	}
}

// A request that no address could carry is refused at once, and the client is told.
func TestARequestThatIsTooLongForAnAddressIsRefused(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	noise := make([]byte, 3000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	long := base64.RawURLEncoding.EncodeToString(noise)
	u, err := url.Parse(d.Demo().AuthorizeURL(map[string]string{"login_hint": long, "nonce": "x" + long[1:], "ui_locales": "y" + base64.RawURLEncoding.EncodeToString([]byte(long))[:4000]}))
	if err != nil {
		t.Fatal(err)
	}
	sentBack(t, d, testkit.NewPerson(t).PostForm(t, d.Base+"/authorize", u.Query()), "invalid_request", "a-state")
}
