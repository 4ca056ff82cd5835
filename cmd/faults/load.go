package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const (
	workers  = 20
	think    = 15 * time.Millisecond // between two requests of a worker; the machine has other work
	people   = workers               // each has a person of their own: one person keeps at most oauth.MaxGrantsOfClient grants
	password = "a long enough password"
	// A user has at most 200 live grants at one client, and the oldest ends for a new one. A trial must not reach
	// that: it takes 17 s, or 22 s with patient Sentinels.
	betweenGrants = 90 * time.Millisecond
)

// load is the work of many clients on both daemons. The record holds the answers.
type load struct {
	*caller
	web, jwts account
	browsers  []*browser       // one a worker, signed in
	sessions  []*history.Thing // theirs
	extra     []*login         // sessions that were begun under load
	mu        sync.Mutex
	grants    []*grant
	made      []registered
	stop      context.CancelFunc
	busy      sync.WaitGroup
}

// login is a session that was begun under load.
type login struct {
	*browser
	*history.Thing
}

// registered is a client or user that was registered under load.
type registered struct {
	*history.Thing
	client bool
	account
}

// prepare registers what the load needs and signs the workers in.
func prepare(ctx context.Context, c *caller, mode string) (*load, error) {
	l := &load{caller: c, web: account{"web", strings.Repeat("web-secret-", 4)}, jwts: account{"press", strings.Repeat("jwt-secret-", 4)}}
	if err := l.register(ctx, mode); err != nil {
		return nil, err
	}
	for i := range workers {
		b, session := c.browser(), c.rec.Begin("session")
		if !await(startup, func() bool {
			o := b.signIn(daemonHosts[i%2], fmt.Sprintf("person%d", i%people), password)
			if o == history.Done {
				session.Add(history.Operation{Verb: history.Create, Outcome: history.Done})
			}
			return o == history.Done
		}) {
			return nil, fmt.Errorf("signing in does not work")
		}
		l.browsers, l.sessions = append(l.browsers, b), append(l.sessions, session)
	}
	return l, nil
}

// register makes the clients and people that are there before the fault.
func (l *load) register(ctx context.Context, mode string) error {
	settings, err := settings(l.lab.environment("d1", named(mode)))
	if err != nil {
		return err
	}
	d, err := app.OpenDirect(ctx, settings)
	if err != nil {
		return err
	}
	defer d.Close()
	for _, one := range []struct {
		client oauth.Client
		secret string
	}{
		{oauth.Client{
			ID: oauth.ClientID(l.web.id), Name: "Web", Type: oauth.AppWeb, Method: oauth.AuthBasic, Scopes: oauth.Scopes{"read"}, SkipConsent: true,
			GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
			RedirectURIs: []string{redirect}, Introspection: oauth.IntrospectAny,
		}, l.web.secret},
		{oauth.Client{
			ID: oauth.ClientID(l.jwts.id), Name: "Press", Method: oauth.AuthBasic, Scopes: oauth.Scopes{"read"}, Format: oauth.FormatJWT,
			GrantTypes: []string{oauth.GrantClientCredentials}, Introspection: oauth.IntrospectAny,
		}, l.jwts.secret},
	} {
		if err := stubbornly(func() error { _, _, err := d.Registry.Register(ctx, one.client, one.secret); return err }); err != nil {
			return fmt.Errorf("registering %s: %w", one.client.ID, err)
		}
	}
	for i := range people {
		name := fmt.Sprintf("person%d", i)
		if err := stubbornly(func() error { _, err := d.Directory.Create(ctx, name, password, name+"@example.com", name); return err }); err != nil {
			return fmt.Errorf("creating %s: %w", name, err)
		}
	}
	return nil
}

// stubbornly repeats what is unavailable; what an earlier try did all the same is done.
func stubbornly(do func() error) error {
	var last error
	for try := range 10 {
		err := do()
		code := oauth.AsError(err).Code
		if err == nil || try > 0 && code != oauth.TemporarilyUnavailable && code != oauth.ServerError {
			return nil
		}
		last = err
		time.Sleep(between)
	}
	return last
}

// named is the durability as the command line names it.
func named(mode string) string {
	if mode == waitOne {
		return "relaxed"
	}
	return mode
}

// begin starts the work; finish ends it.
func (l *load) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	for i := range workers {
		l.busy.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.live(i, n)
			}
		})
	}
	for i, host := range daemonHosts {
		l.busy.Go(func() { l.each(ctx, 50*time.Millisecond, func(int) { l.issue(host) }) })
		l.busy.Go(func() { l.each(ctx, 600*time.Millisecond, func(n int) { l.signIns(host, n) }) })
		l.busy.Go(func() { l.each(ctx, 3*time.Second, func(n int) { l.registers(host, n, i == 0) }) })
	}
}

func (l *load) finish() {
	l.stop()
	l.busy.Wait()
}

func (l *load) each(ctx context.Context, every time.Duration, do func(n int)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		do(n)
		<-ticker.C
	}
}

// live is one life of a grant: it is issued and redeemed at one daemon, and what happens then
// depends on its number.
func (l *load) live(worker, n int) {
	pause := func() { time.Sleep(think) }
	home, away := daemonHosts[worker%2], daemonHosts[(worker+1)%2]
	time.Sleep(betweenGrants)
	g := l.authorize(l.web, l.browsers[worker], l.sessions[worker], home, away)
	if g == nil {
		time.Sleep(between)
		return
	}
	l.mu.Lock()
	l.grants = append(l.grants, g)
	l.mu.Unlock()
	if n%8 == 7 && n/8 < oauth.MaxCodesOfBrowser/2 {
		return // the code waits for the end; the others are for lives whose redemption failed: one too many replaces the oldest
	}
	pause()
	if g.redeem(home) != history.Done {
		return
	}
	pause()
	g.look(away, 1)
	pause()
	switch n % 8 {
	case 0: // it waits for the end
	case 1:
		g.redeem(away) // a replay
		g.look(home, 1)
	case 2, 3:
		g.chainOf(1+n%3, pause)
	case 4:
		g.revoke(away, 0)
		g.look(home, 1)
		g.look(away, 1)
		g.refresh(home, 1, g.latest)
	case 5:
		g.revoke(home, 1)
		g.look(away, 1)
		g.look(home, 1)
		g.chainOf(1, pause)
	case 6:
		old := g.latest
		if g.refresh(home, 1, old) == history.Done {
			pause()
			g.refresh(away, 1, old) // reuse
			g.look(home, 2)
		}
	}
}

// chainOf refreshes some times, at the daemons in turns.
func (g *grant) chainOf(times int, pause func()) {
	for i := range times {
		if g.latest == "" || g.refresh([]string{g.away, g.home}[i%2], g.newest(), g.latest) != history.Done {
			return
		}
		pause()
		g.look(g.home, g.newest())
	}
}

// issue lets a daemon issue a JWT and introspect it.
func (l *load) issue(host string) {
	a := l.post(host, "/token", l.jwts, url.Values{"grant_type": {"client_credentials"}})
	if l.read("a JWT", a, "") != history.Done {
		return
	}
	l.rec.Signed("issue " + host)
	switch l.active(host, l.jwts, a.text("access_token")) {
	case history.Done:
		l.rec.Signed("introspect " + host)
	case history.Refused:
		l.rec.Strange("a JWT is not active at once")
	case history.Unknown:
	}
}

// signIns begins a session, and ends every third one.
func (l *load) signIns(host string, n int) {
	s := &login{l.browser(), l.rec.Begin("session")}
	o := s.Do(history.Operation{Verb: history.Create, Daemon: host}, func() history.Outcome {
		return s.signIn(host, fmt.Sprintf("person%d", n%people), password)
	})
	if o == history.Refused {
		l.rec.Strange("the right password was refused")
	}
	if o != history.Done {
		s.Forget() // it has no cookie, so nothing can be asked about it
		return
	}
	if n%3 == 0 {
		for stop := time.Now().Add(patience); time.Now().Before(stop); time.Sleep(between) {
			if s.Do(history.Operation{Verb: history.End, Daemon: host}, func() history.Outcome { return s.signOut(host) }) == history.Done {
				break
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.extra = append(l.extra, s)
}

// registers registers a client or a user on the command line.
func (l *load) registers(host string, n int, client bool) {
	r := registered{client: client, account: account{fmt.Sprintf("made%d", n), password}}
	words, kind := []string{"user", "create", r.id, "--direct", "--password-file", "-"}, "user"
	if client {
		words, kind = []string{"client", "create", r.id, "--direct", "--grant", "client_credentials", "--scope", "read", "--secret-file", "-"}, "client"
		r.secret = strings.Repeat("made-secret-", 4)
	}
	r.Thing = l.rec.Begin(kind)
	o := r.Do(history.Operation{Verb: history.Create, Daemon: host}, func() history.Outcome {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		cmd := l.lab.net.command(ctx, host, append([]string{l.lab.binary}, words...)...)
		cmd.Env, cmd.Stdin, cmd.SysProcAttr = l.lab.environment(host, named(l.lab.mode)), strings.NewReader(r.secret+"\n"), withParent()
		if cmd.Run() != nil {
			return history.Unknown
		}
		return history.Done
	})
	if o == history.Done {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.made = append(l.made, r)
	} else {
		r.Forget()
	}
}
