package page_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// A slow hash of a made-up user is what keeps the two apart from nobody: without it, an unknown name
// is answered twenty times as fast.
func TestW06_AnUnknownUserTakesAsLongAsAWrongPassword(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Password.Memory, c.Password.Time = 19456, 2 })
	person := testkit.NewPerson(t)
	shown := person.Get(t, d.Base+"/login")
	fastest := map[string]time.Duration{}
	for range 5 { // in turn, and the fastest of each: the machine may be busy
		for _, name := range []string{"demo", "nobody"} {
			began := time.Now()
			got := person.Post(t, shown, map[string]string{"username": name, "password": "wrong password"})
			took := time.Since(began)
			if got.Status != http.StatusUnauthorized {
				t.Fatalf("%s: %d", name, got.Status)
			}
			if best, seen := fastest[name]; !seen || took < best {
				fastest[name] = took
			}
		}
	}
	if known, unknown := fastest["demo"], fastest["nobody"]; known > 2*unknown || unknown > 2*known {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

// A thousand at a time get their answer or are told to try again, and the server serves others.
func TestW08_AThousandSignInsAtATime(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) {
		c.Password.Parallel, c.Password.Queue = 1, 4
		c.Limits.LoginFailures, c.Limits.LoginFailuresIP = "off", "off" // the queue alone has to hold
	})
	person := testkit.NewPerson(t)
	shown := person.Get(t, d.Base+"/login")
	person.Client.Transport = &http.Transport{MaxConnsPerHost: 200}
	var mu sync.Mutex
	var crowd sync.WaitGroup
	statuses := map[int]int{}
	for range 1000 {
		crowd.Go(func() {
			page := person.Post(t, shown, map[string]string{"username": "nobody", "password": "wrong password"})
			mu.Lock()
			defer mu.Unlock()
			statuses[page.Status]++
			if page.Status == http.StatusServiceUnavailable && page.Header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
		})
	}
	if a := d.Get(t, "/health/live"); a.Status != http.StatusOK {
		t.Errorf("the probe: %d", a.Status)
	}
	crowd.Wait()
	if statuses[http.StatusUnauthorized] == 0 || statuses[http.StatusServiceUnavailable] == 0 ||
		statuses[http.StatusUnauthorized]+statuses[http.StatusServiceUnavailable] != 1000 {
		t.Errorf("answers by status: %v", statuses)
	}
	d.Demo().Login(t, testkit.NewPerson(t))
}

// What is too long to be a password costs no hash: the one place for hashes would be taken for long.
func TestW08_AMegabyteOfPassword(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	shown := person.Get(t, d.Base+"/login")
	for length, want := range map[int]int{1 << 20: http.StatusRequestEntityTooLarge, 60_000: http.StatusUnauthorized, 1025: http.StatusUnauthorized} {
		page := person.Post(t, shown, map[string]string{"username": "demo", "password": strings.Repeat("x", length)})
		if page.Status != want || page.Header.Get("Set-Cookie") != "" {
			t.Errorf("%d bytes: %d, want %d", length, page.Status, want)
		}
	}
}

// Whoever loses the right to sign in while doing it, after the password was found right, gets
// nothing: what ends a user's sessions cannot see one that is about to begin.
func TestR07_ASignInThatRacesWithALockGetsNothing(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	direct := d.App.Direct()
	for range 8 {
		person := testkit.NewPerson(t)
		shown := person.Get(t, d.Base+"/login")
		var race sync.WaitGroup
		race.Go(func() { person.Post(t, shown, map[string]string{"username": "demo", "password": "demo-password"}) })
		race.Go(func() {
			if err := direct.DisableUser(t.Context(), "demo"); err != nil {
				t.Error(err)
			}
		})
		race.Wait()
		if page := person.Get(t, d.Base+"/account"); page.Status == http.StatusOK {
			t.Error("a disabled user is signed in")
		}
		if err := direct.Directory.Enable(t.Context(), "demo"); err != nil {
			t.Fatal(err)
		}
	}
}
