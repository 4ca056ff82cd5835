package main

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
)

// sweep asks the healed group about everything that was ever acknowledged, at both daemons.
func (l *load) sweep() {
	var jobs []func()
	for _, g := range l.grants {
		jobs = append(jobs, g.sweep)
	}
	for i, b := range l.browsers {
		jobs = append(jobs, func() { l.lookAt(l.sessions[i], b.signedIn) })
	}
	for _, s := range l.extra {
		jobs = append(jobs, func() { l.lookAt(s.Thing, s.signedIn) })
	}
	for _, r := range l.made {
		jobs = append(jobs, func() { l.lookAt(r.Thing, func(host string) history.Outcome { return l.known(host, r) }) })
	}
	queue := make(chan func())
	var busy sync.WaitGroup
	for range 2 * workers {
		busy.Go(func() {
			for job := range queue {
				job()
			}
		})
	}
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	busy.Wait()
}

// lookAt asks both daemons until they answer.
func (l *load) lookAt(t *history.Thing, ask func(host string) history.Outcome) {
	for _, host := range daemonHosts {
		for stop := time.Now().Add(patience); time.Now().Before(stop); time.Sleep(between) {
			if t.Do(history.Operation{Verb: history.Look, Daemon: host}, func() history.Outcome { return ask(host) }) != history.Unknown {
				break
			}
		}
	}
}

// known asks whether a client may have a token, or a user may sign in.
func (l *load) known(host string, r registered) history.Outcome {
	if !r.client {
		return l.browser().signIn(host, r.id, r.secret)
	}
	a := l.post(host, "/token", r.account, url.Values{"grant_type": {"client_credentials"}})
	if a.status == http.StatusUnauthorized {
		return history.Refused
	}
	return l.read("a client's token", a, "")
}

// sweep checks whether the newest access token is in the expected state, whether the live refresh token
// can be used, and whether the code cannot, if it was: then everything is to be over.
func (g *grant) sweep() {
	if g.lost {
		return // it is not known which credential is the live one
	}
	if !g.spent && g.Length() == 1 {
		g.redeem(g.home)
	}
	for _, host := range daemonHosts {
		g.asking(host)
	}
	if g.latest != "" {
		g.refresh(g.home, g.newest(), g.latest)
	}
	if g.spent {
		g.redeem(g.away)
	}
	for _, host := range daemonHosts {
		g.asking(host)
	}
}

// asking introspects the newest access token until an answer comes.
func (g *grant) asking(host string) {
	if g.newest() == 0 {
		return
	}
	for stop := time.Now().Add(patience); time.Now().Before(stop); time.Sleep(between) {
		if g.Do(history.Operation{Verb: history.Look, N: g.newest(), Daemon: host}, func() history.Outcome {
			return g.active(host, g.client, g.access[g.newest()])
		}) != history.Unknown {
			return
		}
	}
}
