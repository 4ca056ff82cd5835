//go:build upgrade

package upgrade_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	workers  = 6
	password = "a long enough password"
	scope    = "openid profile email read"
	// keptGrants bounds the grants that a worker leaves alive in one phase: a user has at most 200 at one client.
	keptGrants   = 12
	keptSessions = 3
	// The least that a phase has to do, however busy the machine is: one life of a grant of every kind for each worker.
	leastLives = 9
	leastMade  = 6
)

// grant is a grant as its client sees it.
type grant struct {
	owner   *worker
	access  string
	refresh string
	spent   string // a refresh token two steps before the live one; "" when there is none
	alive   bool
}

// browser is a session that was begun under load.
type browser struct {
	*testkit.Person
	alive bool
}

// worker is a person and the client that the person uses, with everything that has to survive.
type worker struct {
	*lab
	person    *testkit.Person
	consented bool // the person has signed in and decided
	grants    []*grant
	codes     []string // that nobody has redeemed yet
	dead      []string // opaque access tokens that were revoked alone
	jwts      []string
	deadJWTs  []string // that were revoked
	browsers  []*browser
}

// run works until the phase ends, and at least for one life of every kind. n counts the lives of grants.
func (w *worker) run(t *testing.T, done chan struct{}) {
	w.codes = nil // they live for a minute
	grants, sessions := 0, 0
	for n := 0; n < leastLives || !over(done); n++ {
		if w.live(t, n, grants < keptGrants) {
			grants++
		}
		if n%4 == 3 {
			keep := n%8 == 3 && sessions < keptSessions
			w.signIn(t, keep)
			if keep {
				sessions++
			}
		}
		time.Sleep(5 * time.Millisecond) // the machine has other work
	}
}

func over(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// live is one life of a grant. It reports whether the grant stays alive.
func (w *worker) live(t *testing.T, n int, keep bool) bool {
	with := map[string]string{"scope": scope}
	if w.consented { // neither a password nor a decision may be asked for again
		with["prompt"] = "none"
	}
	code := w.web.Code(t, w.person, with)
	w.consented = true
	if n%20 == 7 {
		w.codes = append(w.codes, code)
		return false
	}
	g := &grant{owner: w, alive: true}
	g.take(t, w.web.Redeem(t, code))
	g.expect(t, "a new token", true)
	for range n % 4 {
		g.renew(t)
	}
	if n%3 == 0 {
		w.issueJWT(t)
	}
	w.userInfo(t, g.access)
	switch {
	case n%3 == 1:
		if a := w.web.Revoke(t, g.access); a.Status != http.StatusOK {
			t.Errorf("revoking: %d %s", a.Status, a.Raw)
		}
		if w.web.Active(t, g.access) {
			t.Error("a token is active after its revocation")
		}
		w.dead = append(w.dead, g.access)
		fallthrough
	case !keep || n%3 == 2:
		if a := w.web.Revoke(t, g.refresh); a.Status != http.StatusOK {
			t.Errorf("revoking: %d %s", a.Status, a.Raw)
		}
		g.alive = false
	}
	g.expect(t, "at the end of its life", g.alive && n%3 != 1)
	w.grants = append(w.grants, g)
	return g.alive
}

// take keeps the tokens of an answer.
func (g *grant) take(t *testing.T, a testkit.Answer) {
	t.Helper()
	if a.Status != http.StatusOK || a.Text("access_token") == "" || a.Text("refresh_token") == "" || a.Text("id_token") == "" {
		t.Errorf("no tokens: %d %s", a.Status, a.Raw)
		return
	}
	g.access, g.refresh = a.Text("access_token"), a.Text("refresh_token")
}

// renew refreshes. A second request with the same token, as after a lost answer, gets the same access token, and a refresh
// token of the same place, which another key has sealed if one came into use meanwhile. The client goes on with it.
func (g *grant) renew(t *testing.T) {
	t.Helper()
	before := g.refresh
	first := g.owner.web.Refresh(t, before)
	again := g.owner.web.Refresh(t, before)
	if first.Text("access_token") != again.Text("access_token") || first.Text("refresh_token") == before {
		t.Errorf("a repeated refresh: %d %s\nthe first answer: %d %s", again.Status, again.Raw, first.Status, first.Raw)
	}
	g.take(t, again)
	g.expect(t, "a refreshed token", true)
	g.take(t, g.owner.web.Refresh(t, g.refresh))
	g.spent = before
}

// expect introspects the access token, and the refresh token of a dead grant.
func (g *grant) expect(t *testing.T, when string, active bool) {
	t.Helper()
	if g.owner.web.Active(t, g.access) != active {
		t.Errorf("%s: active is %t", when, !active)
	}
	if g.alive {
		return
	}
	if a := g.owner.web.Refresh(t, g.refresh); a.Status != http.StatusBadRequest || a.Text("error") != "invalid_grant" {
		t.Errorf("%s: a dead grant is refreshed: %d %s", when, a.Status, a.Raw)
	}
}

func (w *worker) userInfo(t *testing.T, access string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.issuer+"/userinfo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	if a := testkit.Do(t, request); a.Status != http.StatusOK || a.Text("email") != w.person.Name+"@example.com" {
		t.Errorf("userinfo: %d %s", a.Status, a.Raw)
	}
}

func (w *worker) issueJWT(t *testing.T) {
	t.Helper()
	jwt := w.jwt.Load()
	a := jwt.Token(t, form())
	if a.Status != http.StatusOK || strings.Count(a.Text("access_token"), ".") != 2 {
		t.Errorf("a JWT: %d %s", a.Status, a.Raw)
		return
	}
	if !jwt.Active(t, a.Text("access_token")) {
		t.Error("a new JWT is not active")
	}
	if len(w.jwts) <= len(w.deadJWTs) {
		w.jwts = append(w.jwts, a.Text("access_token"))
		return
	}
	if gone := jwt.Revoke(t, a.Text("access_token")); gone.Status != http.StatusOK || jwt.Active(t, a.Text("access_token")) {
		t.Errorf("a JWT is active after its revocation, which was answered %d", gone.Status)
	}
	w.deadJWTs = append(w.deadJWTs, a.Text("access_token"))
}

// signIn begins a session and ends it, unless it is kept.
func (w *worker) signIn(t *testing.T, keep bool) {
	t.Helper()
	b := &browser{Person: w.newPerson(t, w.person.Name), alive: true}
	page := b.Submit(t, b.Get(t, w.issuer+"/login"), map[string]string{"username": b.Name, "password": b.Password})
	if page.Status != http.StatusOK || !b.signedIn(t, w.issuer) {
		t.Errorf("signing in: %d %s", page.Status, testkit.Text(page.Body))
		return
	}
	if !keep {
		b.Submit(t, b.Get(t, w.issuer+"/logout"), nil)
		b.alive = false
		if b.signedIn(t, w.issuer) {
			t.Error("a session is alive after the sign-out")
		}
		if len(w.browsers) > 20 {
			return
		}
	}
	w.browsers = append(w.browsers, b)
}

func (b *browser) signedIn(t *testing.T, issuer string) bool {
	t.Helper()
	return b.Get(t, issuer+"/account").Status == http.StatusOK
}

// made is a client or a user that the command line registered under load.
type made struct {
	id, secret string // secret is empty for a user
	off        bool   // it was disabled
}

// operate registers clients and users by the binaries in turns, and disables some, until the phase ends.
func (l *lab) operate(t *testing.T, done chan struct{}) {
	for n := 0; n < leastMade || !over(done); n++ {
		binary := l.releases[n%len(l.releases)].binary
		id := fmt.Sprintf("made%d", len(l.made))
		m := made{id: id, off: len(l.made)%6 > 3}
		if len(l.made)%2 == 0 {
			m.secret = l.cli(t, binary, "", "client", "create", id, "--direct", "--grant", "client_credentials", "--scope", "read")
		} else {
			l.cli(t, binary, password+"\n", "user", "create", id, "--direct", "--password-file", "-")
		}
		l.check(t, made{id: m.id, secret: m.secret})
		if m.off {
			l.cli(t, binary, "", map[bool]string{true: "client", false: "user"}[m.secret != ""], "disable", id, "--direct")
		}
		l.made = append(l.made, m)
	}
}

// phase lets everybody work while something happens, and for a moment more.
func (l *lab) phase(t *testing.T, what string, happens func()) {
	t.Helper()
	sent, failed, begun := l.balancer.sent.Load(), l.balancer.failed.Load(), time.Now()
	done := make(chan struct{})
	var busy sync.WaitGroup
	for _, w := range l.workers {
		busy.Go(func() { w.run(t, done) })
	}
	busy.Go(func() { l.operate(t, done) })
	time.Sleep(phaseTime)
	happens()
	close(done)
	busy.Wait()
	lost := l.balancer.failed.Load() - failed
	t.Logf("%-26s %6d requests in %4.1f s, %d failed", what+":", l.balancer.sent.Load()-sent, time.Since(begun).Seconds(), lost)
	if lost > 0 {
		t.Errorf("%s: %d requests failed, the first: %v", what, lost, l.balancer.first.Load())
	}
	l.stopIfFailed(t)
}

// stopIfFailed ends a test that has failed, and shows what the daemons report about it.
func (l *lab) stopIfFailed(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	for i, s := range l.balancer.servers {
		t.Logf("daemon %d:\n%s", i, s.troubles())
	}
	for _, s := range l.group.Sentinels { // on a machine that is too busy they stop judging: sentinel_tilt
		t.Logf("%v", s.Do(t, "info", "sentinel"))
	}
	t.FailNow()
}
