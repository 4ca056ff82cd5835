package endpoint_test

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// headerBytes returns the length of the head of an answer on the wire.
func headerBytes(page testkit.Page) int {
	sum := len("HTTP/1.1 303 See Other\r\n\r\n") + len("Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")
	for name, values := range page.Header {
		for _, value := range values {
			sum += len(name) + len(": \r\n") + len(value)
		}
	}
	return sum
}

// However long the state, no answer has more than 4 KB of headers, no address of ours is longer than 4.2 KB, and the
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
		t.Run(name, func(t *testing.T) {
			person := testkit.NewPerson(t)
			check := func(page testkit.Page) testkit.Page {
				t.Helper()
				if n := headerBytes(page); n > 4096 {
					t.Errorf("%s: %d bytes of headers from %.40s", name, n, page.URL)
				}
				if n := len(page.Location); strings.HasPrefix(page.Location, "/") && n > 4300 {
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
		})
	}
}

// random returns n characters that cannot be compressed.
func random(t *testing.T, n int) string {
	t.Helper()
	noise := make([]byte, n)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(noise)[:n]
}

// largeRequest is an authorization request of some 12 KB, sent by POST.
func largeRequest(t *testing.T, d *testkit.Daemon, more map[string]string) url.Values {
	t.Helper()
	with := map[string]string{"prompt": "consent", "login_hint": random(t, 4000), "nonce": random(t, 4000), "ui_locales": random(t, 4000)}
	maps.Copy(with, more)
	u, err := url.Parse(d.Demo().AuthorizeURL(with))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// A request that no address could carry is kept in Redis, once for all of its pages, and ends in a code.
func TestALargeRequestContinuesByReference(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	onward := func(page testkit.Page) testkit.Page {
		t.Helper()
		if !strings.HasPrefix(page.Location, "/") || len(page.Location) > 1024 {
			t.Fatalf("%d to %d bytes: %.80s", page.Status, len(page.Location), page.Location)
		}
		return person.Get(t, d.Base+page.Location)
	}
	page := person.PostForm(t, d.Base+"/authorize", largeRequest(t, d, nil))
	page = onward(onward(page)) // by way of our own origin to the sign-in page
	page = onward(person.Post(t, page, map[string]string{"username": "demo", "password": "demo-password"}))
	page = onward(page)
	page = onward(person.Post(t, page, map[string]string{"decision": "allow"}))
	if got := page.Query(t); got.Get("state") != "a-state" || got.Get("code") == "" {
		t.Errorf("%d to %.200s", page.Status, page.Location)
	}
	if a := d.Demo().Redeem(t, page.Query(t).Get("code")); a.Status != http.StatusOK {
		t.Errorf("redeeming the code: %d", a.Status)
	}
}

// What could fill the store is refused at once, and the client learns of it.
func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	noise := make([]byte, 4096)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	page := testkit.NewPerson(t).PostForm(t, d.Base+"/authorize", largeRequest(t, d, map[string]string{"state": string(noise)}))
	if got := page.Query(t); got.Get("error") != "invalid_request" || got.Get("state") != string(noise) {
		t.Errorf("%d: %s, %d bytes of state", page.Status, got.Get("error"), len(got.Get("state")))
	}
}

// Somebody without an account cannot store more than a few large requests: the rate is of its own, and small.
func TestLargeRequestsAreRatedByAddress(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Limits.LargeRequestsIP = "2/1h" })
	person, last := testkit.NewPerson(t), testkit.Page{}
	for range 3 {
		last = person.PostForm(t, d.Base+"/authorize", largeRequest(t, d, nil))
	}
	if last.Status != http.StatusTooManyRequests {
		t.Errorf("the third: %d to %.80s", last.Status, last.Location)
	}
	small := person.Get(t, d.Demo().AuthorizeURL(nil))
	if small.Status != http.StatusSeeOther {
		t.Errorf("a small one: %d", small.Status)
	}
}
