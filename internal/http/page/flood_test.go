package page_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// Without the slow hash of nothing, an unknown name would be answered twenty times as fast.
func TestW06_AnUnknownUserTakesAsLongAsAWrongPassword(t *testing.T) { // not parallel: it measures time
	d := testkit.Start(t, func(c *config.Config) { c.Password.Memory, c.Password.Time = 19456, 2 })
	person := testkit.NewPerson(t)
	shown := person.Get(t, d.Base+"/login")
	fastest := map[string]time.Duration{"demo": time.Hour, "nobody": time.Hour}
	alike := func() bool { return fastest["demo"] < 2*fastest["nobody"] && fastest["nobody"] < 2*fastest["demo"] }
	for round := range 60 { // in turn, and the fastest of each: the machine may be busy
		for name, best := range fastest {
			began := time.Now()
			got := person.Post(t, shown, map[string]string{"username": name, "password": "wrong password"})
			fastest[name] = min(best, time.Since(began))
			if got.Status != http.StatusUnauthorized {
				t.Fatalf("%s: %d", name, got.Status)
			}
		}
		if round >= 5 && alike() {
			return
		}
	}
	t.Errorf("told apart by time: %v", fastest)
}

// A thousand people at a time get their answer or the advice to try again, and the server serves others.
func TestW08_AThousandSignInsAtATime(t *testing.T) { // not parallel: it takes the whole machine
	d := testkit.Start(t, func(c *config.Config) {
		c.Password.Parallel, c.Password.Queue = 1, 4
		c.Limits.LoginFailures, c.Limits.LoginFailuresIP = "off", "off" // the queue alone has to hold
	})
	person := testkit.NewPerson(t)
	shown := person.Get(t, d.Base+"/login")
	person.Client.Timeout, person.Client.Transport = 0, &http.Transport{MaxConnsPerHost: 200}
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
		t.Run(fmt.Sprint(length, " bytes"), func(t *testing.T) {
			page := person.Post(t, shown, map[string]string{"username": "demo", "password": strings.Repeat("x", length)})
			if page.Status != want || page.Header.Get("Set-Cookie") != "" {
				t.Errorf("%d bytes: %d, want %d", length, page.Status, want)
			}
		})
	}
}

// A user who loses the right to sign in after the password was found right gets no session. The risk: an ending of all
// sessions cannot see one that is about to begin.
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
		user, err := direct.Directory.Find(t.Context(), "demo")
		ok(t, err)
		_, _, err = direct.Directory.Change(t.Context(), user.ID, func(u *oauth.User) error { u.Disabled = false; return nil })
		ok(t, err)
	}
}

// W07: two hundred wrong passwords at once, at two daemons on a real Redis, are exactly ten guesses.
// W06: a name that nobody has is locked in the same way.
func TestW06_W07_ParallelWrongPasswordsSpendExactlyTheBudget(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	daemons := []*testkit.Daemon{testkit.Start(t, testkit.Redis(server.Addr)), testkit.Start(t, testkit.Redis(server.Addr))}
	people := make([]*testkit.Person, len(daemons))
	forms := make([]testkit.Page, len(daemons))
	for i, d := range daemons {
		people[i] = testkit.NewPerson(t)
		people[i].Client.Transport = &http.Transport{MaxConnsPerHost: 100}
		people[i].Client.Timeout = time.Minute
		forms[i] = people[i].Get(t, d.Base+"/login")
	}
	try := func(daemon int, name, password string) testkit.Page {
		return people[daemon].Post(t, forms[daemon], map[string]string{"username": name, "password": password})
	}
	for _, name := range []string{"demo", "nobody"} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var crowd sync.WaitGroup
			statuses, bodies := map[int]int{}, map[string]bool{}
			for i := range 200 {
				crowd.Go(func() {
					// The same name, whatever its case and the spaces around it.
					page := try(i%2, []string{name, strings.ToUpper(name), " " + name}[i%3], fmt.Sprint("wrong password ", i))
					mu.Lock()
					defer mu.Unlock()
					statuses[page.Status]++
					if page.Status == http.StatusTooManyRequests {
						bodies[testkit.Text(page.Body)] = page.Header.Get("Retry-After") != ""
					}
				})
			}
			crowd.Wait()
			if statuses[http.StatusUnauthorized] != 10 || statuses[http.StatusTooManyRequests] != 190 {
				t.Errorf("%s: %v", name, statuses)
			}
			for body, says := range bodies {
				if !says || !strings.Contains(body, "Too many tries") {
					t.Errorf("%s: the page says %q", name, body)
				}
			}
			if page := try(0, name, "demo-password"); page.Status != http.StatusTooManyRequests {
				t.Errorf("%s, locked, with the right password: %d", name, page.Status)
			}
		})
	}
	if err := daemons[0].App.Direct().Directory.Unlock(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	if page := try(1, "demo", "demo-password"); page.Status != http.StatusSeeOther {
		t.Errorf("after an operator unlocked it: %d", page.Status)
	}
	for _, d := range daemons {
		d.Clock.Advance(15*time.Minute + time.Second)
	}
	fresh := testkit.NewPerson(t)
	page := fresh.Post(t, fresh.Get(t, daemons[0].Base+"/login"), map[string]string{"username": "nobody", "password": "x"})
	if page.Status != http.StatusUnauthorized {
		t.Errorf("after the time of the lock: %d", page.Status)
	}
	log := ""
	for _, d := range daemons {
		log += d.Log.String() + d.Facts(t)
	}
	if strings.Count(log, `"event":"login.locked_out"`) != 2 || strings.Contains(log, "wrong password 1") {
		t.Errorf("the log tells of %d locks", strings.Count(log, `"event":"login.locked_out"`))
	}
}
