package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// load sends every kind of request to a daemon, each in a loop of its own, and checks every answer by one rule: it is
// right, or it is 503 with Retry-After.
type load struct {
	t    testing.TB
	k    *kitchen
	stop chan struct{}
	work sync.WaitGroup

	codes chan string // from the authorization loop to the redemption loop
	lost  atomic.Bool // whether Redis is or was unavailable

	mu      sync.Mutex
	marked  time.Time
	tallies map[string]*tally

	issued  []string // access tokens that were issued
	revoked []string // access tokens whose revocation was acknowledged
	spent   []string // codes that were redeemed
	unsure  []string // codes whose redemption was answered with 503
	refresh string   // the last refresh token of the chain
}

// tally counts the answers to requests that were sent since the last mark.
type tally struct {
	good, away int
	first      time.Duration // from the mark to the first good answer
	last       verdict
}

// verdict rates an answer.
type verdict int

const (
	wrong verdict = iota
	good
	away // 503 with Retry-After
	none // no request was sent
)

// reserve is the number of codes that are kept for a time in which no new ones can be issued.
const reserve = 20

// cooks is the number of people whose browsers authorize in turn. Together they must stay below the limits of one
// person: every code in the channel can be redeemed (oauth.MaxCodesOfBrowser), and every issued token is alive at the
// end (oauth.MaxGrantsOfClient).
const cooks = 4

// pace is the shortest time between two requests of a kind, slowly that between two requests for a code or its redemption.
const (
	pace   = 20 * time.Millisecond
	slowly = 100 * time.Millisecond
)

// startLoad starts the loops; the caller must call end.
func startLoad(t testing.TB, k *kitchen) *load {
	t.Helper()
	l := &load{t: t, k: k, stop: make(chan struct{}), codes: make(chan string, 8*cooks), marked: time.Now(), tallies: map[string]*tally{}}
	ada, pass := k.person(t, "ada", "a long enough password"), "a long enough password"
	user, signed, bot := k.web.login(t, ada), k.jwts.login(t, k.person(t, "ada", pass)), l.bot()
	dead := l.bot()
	k.web.post(t, "/revoke", url.Values{"token": {dead}})
	l.refresh = k.app.login(t, k.person(t, "ada", pass)).RefreshToken
	k.user(t, "eve", pass)
	var browsers [cooks]*testkit.Person
	for i := range browsers {
		name := fmt.Sprint("cook", i)
		k.user(t, name, pass)
		browsers[i] = k.person(t, name, pass)
		k.web.login(t, browsers[i])
	}
	turn := 0
	for name, ask := range map[string]func() verdict{
		"introspect a person's token":  func() verdict { return l.introspect(user.AccessToken, true) },
		"introspect a service's token": func() verdict { return l.introspect(bot, true) },
		"introspect a JWT":             func() verdict { return l.introspect(signed.AccessToken, true) },
		"introspect a revoked token":   func() verdict { return l.introspect(dead, false) },
		"userinfo":                     func() verdict { return l.userinfo(user.AccessToken) },
		"client credentials":           l.issue,
		"revoke":                       l.revoke,
		"refresh":                      l.renew,
		"authorize":                    func() verdict { turn++; return l.authorize(browsers[turn%cooks]) },
		"redeem":                       l.redeem,
		"sign in":                      func() verdict { return l.signIn("eve", pass) },
	} {
		if name == "sign in" && raceDetector {
			continue // with the race detector a hash takes longer than all other requests together
		}
		l.tallies[name] = &tally{}
		l.work.Go(func() { l.loop(name, ask) })
	}
	return l
}

// bot returns an access token of a client on its own behalf.
func (l *load) bot() string {
	token, err := l.k.web.service("read").Token(l.k.web.ctx(l.t))
	if err != nil {
		l.t.Fatal(err)
	}
	return token.AccessToken
}

func (l *load) loop(name string, ask func() verdict) {
	every := pace
	if name == "authorize" || name == "redeem" {
		every = slowly
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
		sent := time.Now()
		v := ask()
		l.mu.Lock()
		one := l.tallies[name]
		if sent.After(l.marked) && v != none {
			switch v {
			case good:
				if one.good == 0 {
					one.first = time.Since(l.marked)
				}
				one.good++
			case away:
				one.away++
			default:
				l.t.Errorf("%s was answered wrongly %v after the mark", name, time.Since(l.marked))
			}
			one.last = v
		}
		l.mu.Unlock()
	}
}

// mark resets the counts, and returns the time.
func (l *load) mark() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marked = time.Now()
	for _, one := range l.tallies {
		*one = tally{}
	}
	return l.marked
}

// await waits until a condition holds for every kind of request, and names those for which it does not.
func (l *load) await(limit time.Duration, what string, holds func(tally) bool) {
	l.t.Helper()
	var missing []string
	all := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		missing = missing[:0]
		for name, one := range l.tallies {
			if !holds(*one) {
				missing = append(missing, name)
			}
		}
		return len(missing) == 0
	}
	deadline := time.Now().Add(limit)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !all() {
		<-ticker.C
		if time.Now().After(deadline) {
			l.t.Errorf("not within %v: %s; missing %q", limit, what, missing)
			return
		}
	}
}

// returns lists how long after the mark each kind of request got its first good answer, the slowest last.
func (l *load) returns() (all []string, slowest time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(l.tallies), func(a, b string) int { return int(l.tallies[a].first - l.tallies[b].first) })
	for _, name := range names {
		slowest = l.tallies[name].first
		all = append(all, fmt.Sprintf("%s %v", name, slowest.Round(time.Millisecond)))
	}
	return all, slowest
}

// sum adds up the answers since the mark.
func (l *load) sum() (good, away int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tallies {
		good, away = good+t.good, away+t.away
	}
	return good, away
}

// end stops the loops.
func (l *load) end() {
	close(l.stop)
	l.work.Wait()
}

// judge checks an answer by the rule.
func (l *load) judge(a testkit.Answer, right bool) verdict {
	switch {
	case a.Status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "" && a.Text("error") == "temporarily_unavailable":
		return away
	case right:
		return good
	}
	l.t.Errorf("the answer is %d %s", a.Status, a.Raw)
	return wrong
}

func (l *load) introspect(token string, active bool) verdict {
	a := l.k.web.post(l.t, "/introspect", url.Values{"token": {token}})
	return l.judge(a, a.Status == http.StatusOK && a.Fields["active"] == active)
}

func (l *load) userinfo(token string) verdict {
	a := l.k.web.get(l.t, l.k.Base+"/userinfo", token)
	return l.judge(a, a.Status == http.StatusOK && a.Text("sub") != "")
}

func (l *load) issue() verdict {
	a := l.k.web.post(l.t, "/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	v := l.judge(a, a.Status == http.StatusOK && a.Text("access_token") != "")
	if v == good {
		l.keep(&l.issued, a.Text("access_token"))
		l.introspect(a.Text("access_token"), true) // an issued token must work at once
	}
	return v
}

func (l *load) keep(in *[]string, secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*in = append(*in, secret)
}

func (l *load) revoke() verdict {
	a := l.k.web.post(l.t, "/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	if v := l.judge(a, a.Status == http.StatusOK); v != good {
		return v
	}
	done := l.k.web.post(l.t, "/revoke", url.Values{"token": {a.Text("access_token")}})
	v := l.judge(done, done.Status == http.StatusOK)
	if v == good {
		l.keep(&l.revoked, a.Text("access_token"))
		l.introspect(a.Text("access_token"), false)
	}
	return v
}

// renew sends the same refresh token again when the answer was 503, as clients do.
func (l *load) renew() verdict {
	a := l.k.app.post(l.t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {l.refresh}})
	v := l.judge(a, a.Status == http.StatusOK && a.Text("refresh_token") != l.refresh)
	if v == good {
		l.refresh = a.Text("refresh_token")
		l.keep(&l.issued, a.Text("access_token"))
	}
	return v
}

func (l *load) authorize(who *testkit.Person) verdict {
	if len(l.codes) == cap(l.codes) {
		return none // another code would end one that waits in the channel
	}
	page := who.Get(l.t, l.k.web.request(testkit.Verifier))
	back, err := url.Parse(page.Location)
	query := back.Query()
	switch {
	case err != nil:
	case page.Status == http.StatusServiceUnavailable && page.Header.Get("Retry-After") != "":
		return away
	case strings.HasPrefix(page.Location, redirect) && query.Get("error") == "temporarily_unavailable":
		return away
	case strings.HasPrefix(page.Location, redirect) && query.Get("code") != "":
		l.codes <- query.Get("code") // the channel has room, and no other loop adds codes
		return good
	}
	l.t.Errorf("authorize: %d, Location %q\n%s", page.Status, page.Location, testkit.Text(page.Body))
	return wrong
}

func (l *load) redeem() verdict {
	if len(l.codes) == 0 || len(l.codes) <= reserve && !l.lost.Load() {
		return none
	}
	code := <-l.codes // no other loop takes codes
	a := l.present(code)
	v := l.judge(a, a.Status == http.StatusOK)
	switch v {
	case good:
		l.keep(&l.issued, a.Text("access_token"))
		l.keep(&l.spent, code)
	case away:
		l.keep(&l.unsure, code)
	}
	return v
}

func (l *load) present(code string) testkit.Answer {
	return l.k.web.post(l.t, "/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {testkit.Verifier},
	})
}

// signIn signs a person in with the right password.
func (l *load) signIn(name, password string) verdict {
	who := l.k.person(l.t, name, password)
	page := who.Get(l.t, l.k.Issuer+"/login")
	if page.Status == http.StatusOK {
		page = who.Post(l.t, page, map[string]string{"username": name, "password": password})
	}
	switch {
	case page.Status == http.StatusServiceUnavailable && page.Header.Get("Retry-After") != "":
		return away
	case page.Status == http.StatusSeeOther:
		return good
	}
	l.t.Errorf("sign in: %d\n%s", page.Status, testkit.Text(page.Body))
	return wrong
}
