package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// Redis is killed under load and comes back with the data that it had written.
func TestRedisIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	// With "always" an answer of Redis means that the change is on disk, so every acknowledged change must exist
	// afterwards.
	redis := redistest.Start(t, "appendonly yes", "appendfsync always")
	survive(t, part(t, onRedis(redis)), outage{
		lose:  redis.Kill,
		heal:  func() { redis.Restart(t) },
		limit: 2 * time.Second,
	})
}

// settle checks that every acknowledged change exists, after Redis is back and the load has ended.
func (l *load) settle() {
	l.t.Helper()
	web := l.k.web
	for _, token := range l.issued {
		if !web.active(l.t, token) {
			l.t.Errorf("a token that was handed out is not active")
		}
	}
	for _, token := range l.revoked {
		if web.active(l.t, token) {
			l.t.Errorf("V13: a token whose revocation was acknowledged is active")
		}
	}
	again := map[int]int{}
	for _, code := range l.unsure { // after 503 a code may be live or spent
		a := l.present(code)
		again[a.Status]++
		if a.Status != http.StatusOK && a.Text("error") != "invalid_grant" {
			l.t.Errorf("a code after 503: %d %s", a.Status, a.Raw)
		}
	}
	for _, code := range l.spent[max(0, len(l.spent)-10):] {
		if a := l.present(code); a.Status != http.StatusBadRequest || a.Text("error") != "invalid_grant" {
			l.t.Errorf("C03: a spent code: %d %s", a.Status, a.Raw)
		}
	}
	refresh(l.t, l.k.app, &oauth2.Token{AccessToken: "an old one", RefreshToken: l.refresh})
	l.t.Logf("acknowledged and true: %d tokens, %d revocations, %d codes; codes shown again after a 503: %v",
		len(l.issued), len(l.revoked), len(l.spent), again)
}

// outage is one way to lose Redis and to get it back.
type outage struct {
	lose  func()
	heal  func()        // nil when Redis recovers without help
	limit time.Duration // from heal, or from the loss if heal is nil, until every kind of request is answered again
}

// survive makes Redis unavailable for a daemon under load.
func survive(t *testing.T, k *kitchen, o outage) {
	t.Helper()
	l := startLoad(t, k)
	ended := false
	defer func() {
		if !ended {
			l.end()
		}
	}()
	l.await(patience, "everything is answered", func(one tally) bool { return one.good >= 5 })

	l.lost.Store(true)
	o.lose()
	l.mark()
	if o.heal != nil {
		l.await(patience, "everything is answered with 503", func(one tally) bool { return one.away >= 3 && one.last == away })
		redistest.Eventually(t, patience, "health reports it", func() bool {
			answer := k.daemon.ready(t)
			return answer.Status == http.StatusServiceUnavailable && answer.Text("status") == "unavailable"
		})
		answered, refused := l.sum()
		t.Logf("while Redis was away: %d good answers, %d times 503", answered, refused)
		o.heal()
		l.mark()
	}
	if raceDetector {
		o.limit *= 2 // the race detector slows everything down; the guarantee is for normal builds
	}
	l.await(o.limit, "everything is answered again", func(one tally) bool { return one.good > 0 })
	each, took := l.returns()
	answered, refused := l.sum()
	t.Logf("everything was answered again after %v; until then %d good answers, %d times 503; %s",
		took.Round(time.Millisecond), answered, refused, strings.Join(each, ", "))
	l.mark()
	l.await(patience, "it lasts", func(one tally) bool { return one.good >= 10 })
	// A busy machine sometimes makes Redis late, which is also 503; but no kind of request may stay unanswered.
	if answered, refused := l.sum(); refused > answered/20 {
		t.Errorf("after that there were %d answers with 503 beside %d good ones", refused, answered)
	}
	redistest.Eventually(t, patience, "health reports it", func() bool { return k.daemon.ready(t).Status == http.StatusOK })
	l.end()
	ended = true
	l.settle()
}

// part creates a site for an outage; a retry of a person may come late when the machine is busy.
func part(t testing.TB, env []string) *kitchen {
	t.Helper()
	s := newSite(t, "", "", append(slices.Clone(env), "OAUTH2D_REFRESH_GRACE=30s", "OAUTH2D_SESSION_LIMIT=20", "OAUTH2D_LOG_LEVEL=info",
		"OAUTH2D_REDIS_TIMEOUT=", "OAUTH2D_REDIS_DIAL_TIMEOUT=")...) // empty: the defaults of the server
	k := &kitchen{site: s, daemon: s.serve(t)}
	k.web, k.app = s.client(t, "planner", webApp...), s.client(t, "pocket", publicApp...)
	k.jwts = s.client(t, "press", append([]string{"--format", "jwt"}, webApp...)...)
	s.user(t, "ada", "a long enough password")
	return k
}
