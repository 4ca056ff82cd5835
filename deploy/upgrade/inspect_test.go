//go:build upgrade

package upgrade_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// counts holds the numbers of things that one inspection has asked for.
type counts struct{ live, dead, codes, tokens, jwts, deadJWTs, sessions, ended, consents, made int }

// inspect asks for everything that must have survived, and for everything that must stay dead. Nobody works meanwhile.
func (l *lab) inspect(t *testing.T, when string) {
	t.Helper()
	time.Sleep(settle)
	var n counts
	for _, w := range l.workers {
		w.inspectGrants(t, when, &n)
		w.inspectRest(t, when, &n)
	}
	for _, m := range l.made {
		l.check(t, m)
		n.made++
	}
	ids := l.published(t)
	for id := range l.keys {
		if !slices.Contains(ids, id) {
			t.Errorf("%s: the key %s is not published any more", when, id)
		}
	}
	for _, id := range ids {
		l.keys[id] = true
	}
	l.inspectAudit(t, when)
	t.Logf("%s: %d grants refreshed, %d stay dead, %d codes redeemed, %d revoked tokens inactive, %d JWTs active, %d revoked, %d sessions alive, "+
		"%d ended, %d consents, %d clients and users, %d keys published, %d audit entries", when, n.live, n.dead, n.codes, n.tokens,
		n.jwts, n.deadJWTs, n.sessions, n.ended, n.consents, n.made, len(ids), l.audited)
	if n.live == 0 || n.dead == 0 || n.codes == 0 || n.tokens == 0 || n.jwts == 0 || n.deadJWTs == 0 || n.sessions == 0 || n.ended == 0 || n.made < 6 {
		t.Errorf("%s: too little to look at: %+v", when, n)
	}
	if failed := l.balancer.failed.Load(); failed > 0 {
		t.Errorf("%s: %d requests failed, the first: %v", when, failed, l.balancer.first.Load())
	}
	l.stopIfFailed(t)
}

// inspectGrants redeems what nobody has redeemed, refreshes what is alive, and replays an old refresh token of every
// fifth grant, which ends it.
func (w *worker) inspectGrants(t *testing.T, when string, n *counts) {
	t.Helper()
	for _, code := range w.codes[max(0, len(w.codes)-2):] { // at most ten may wait; the oldest end
		g := &grant{owner: w, alive: true}
		g.take(t, w.web.Redeem(t, code))
		g.expect(t, when, true)
		w.grants = append(w.grants, g)
		n.codes++
	}
	for i, g := range w.grants {
		if !g.alive {
			n.dead++
			if n.dead%4 == 0 { // a sample: there are many
				g.expect(t, when, false)
			}
			continue
		}
		g.renew(t)
		n.live++
		if i%5 == 4 {
			if a := w.web.Refresh(t, g.spent); a.Status != http.StatusBadRequest {
				t.Errorf("%s: a spent refresh token: %d %s", when, a.Status, a.Raw)
			}
			g.alive = false
			g.expect(t, when+", after the reuse", false)
		}
	}
}

func (w *worker) inspectRest(t *testing.T, when string, n *counts) {
	t.Helper()
	for _, token := range w.dead {
		n.tokens++
		if n.tokens%4 == 0 && w.web.Active(t, token) {
			t.Errorf("%s: a revoked token is active again", when)
		}
	}
	for _, token := range w.jwts[max(0, len(w.jwts)-60):] {
		n.jwts++
		if !w.jwt.Load().Active(t, token) {
			t.Errorf("%s: a JWT is not active any more", when)
		}
	}
	for _, token := range w.deadJWTs[max(0, len(w.deadJWTs)-60):] {
		n.deadJWTs++
		if w.jwt.Load().Active(t, token) {
			t.Errorf("%s: a revoked JWT is active again", when)
		}
	}
	for _, b := range append(w.browsers, &browser{Person: w.person, alive: true}) {
		if b.signedIn(t, w.issuer) != b.alive {
			t.Errorf("%s: a session is alive: %t, it must be %t", when, !b.alive, b.alive)
		}
		if b.alive {
			n.sessions++
		} else {
			n.ended++
		}
	}
	// prompt=none: the session and the consent that the first phase began are enough.
	page := w.person.Get(t, w.web.AuthorizeURL(map[string]string{"scope": scope, "prompt": "none"}))
	if page.Query(t).Get("code") == "" {
		t.Errorf("%s: the consent is gone: %s", when, page.Location)
	}
	n.consents++
}

// check uses a client, or signs a user in. A disabled one is refused.
func (l *lab) check(t *testing.T, m made) {
	t.Helper()
	if m.secret != "" {
		a := testkit.Party{Base: l.issuer, ID: m.id, Secret: m.secret}.Token(t, form())
		if want := map[bool]int{false: http.StatusOK, true: http.StatusUnauthorized}[m.off]; a.Status != want {
			t.Errorf("the client %s, disabled %t: %d %s", m.id, m.off, a.Status, a.Raw)
		}
		return
	}
	p := l.newPerson(t, m.id)
	page := p.Submit(t, p.Get(t, l.issuer+"/login"), map[string]string{"username": m.id, "password": password})
	if signedIn := page.Status == http.StatusOK && !strings.Contains(page.Body, `name="password"`); signedIn == m.off {
		t.Errorf("the user %s, disabled %t: %d %s", m.id, m.off, page.Status, testkit.Text(page.Body))
	}
}

// inspectAudit verifies the chain of the audit log by both releases. It only grows.
func (l *lab) inspectAudit(t *testing.T, when string) {
	t.Helper()
	for _, r := range l.releases {
		text := l.cli(t, r.binary, "", "audit", "verify", "--direct", "--output", "json")
		var report struct {
			Sound   bool
			Entries int
		}
		err := json.Unmarshal([]byte(text), &report)
		if err != nil || !report.Sound || report.Entries < l.audited || report.Entries == 0 {
			t.Errorf("%s, %s: %d entries, before that %d: %v\n%s", when, r.name, report.Entries, l.audited, err, text)
		}
		l.audited = report.Entries
	}
}
