package page_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

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
