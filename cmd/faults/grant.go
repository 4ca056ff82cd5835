package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
)

const (
	redirect = "https://client.test/callback"
	// verifier is shared by all grants: what is tried here is not PKCE.
	verifier = "a-verifier-that-is-long-enough-for-rfc-7636-to-like-it"
	// patience is the time in which a presenter repeats a request without an answer; the guarantee covers 30 s.
	patience = 25 * time.Second
	// between is the pause between two repetitions.
	between = 200 * time.Millisecond
)

// grant is one life of a code and what follows it, as its client sees it.
type grant struct {
	*caller
	*history.Thing
	client account
	code   string
	home   string   // the daemon where the code was issued and redeemed
	away   string   // the other one
	access []string // by the number of the credential that came with it; 0 is none
	latest string   // the live refresh token, its number is len(access)-1; "" when it is not known
	spent  bool     // the code's redemption was acknowledged
	lost   bool     // a showing has an unknown outcome for good
}

// authorize asks for a code in a session; nil when there is none to be had now.
func (c *caller) authorize(client account, b *browser, session *history.Thing, home, away string) *grant {
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {client.id}, "redirect_uri": {redirect}, "scope": {"read"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	call := c.rec.Now()
	a := b.visit(home, "/authorize?"+query.Encode(), nil)
	back, to := c.rec.Now(), a.away()
	if a.unavailable() || to != nil && to.Query().Get("error") == "temporarily_unavailable" {
		c.rec.Changed(history.Unknown, call, back)
		return nil
	}
	if to != nil && strings.HasSuffix(to.Path, "/login") {
		session.Do(history.Operation{Verb: history.Look, Daemon: home}, func() history.Outcome { return history.Refused })
		return nil
	}
	if to == nil || to.Query().Get("code") == "" {
		c.rec.Strange("an authorization request was answered %d %s", a.status, a.header.Get("Location"))
		return nil
	}
	g := &grant{caller: c, Thing: c.rec.Begin("grant"), client: client, code: to.Query().Get("code"), home: home, away: away, access: []string{""}}
	g.Add(history.Operation{Verb: history.Create, Daemon: home, Outcome: history.Done, Call: int64(call), Return: int64(back)})
	c.rec.Changed(history.Done, call, back)
	return g
}

// show shows a credential at a daemon until an answer comes, or the patience ends. A silence is not
// followed by a repetition: the daemon that could distinguish it from a replay may be gone.
func (g *grant) show(host string, n int, form url.Values) history.Outcome {
	chain, end := g.Chain(), time.Now().Add(patience)
	for {
		silent, got := false, answer{}
		o := g.Do(history.Operation{Verb: history.Show, N: n, Chain: chain, Daemon: host}, func() history.Outcome {
			got = g.post(host, "/token", g.client, form)
			silent = got.silent
			return g.read("showing a credential", got, "invalid_grant")
		})
		if o == history.Done {
			g.learn(n, got)
		}
		if o != history.Unknown || silent || time.Now().After(end) {
			g.lost = g.lost || o == history.Unknown
			return o
		}
		time.Sleep(between)
	}
}

// learn takes over the result of a presentation. An earlier number must return the same as before.
func (g *grant) learn(n int, a answer) {
	if n+1 == len(g.access) {
		g.access = append(g.access, a.text("access_token"))
		g.latest = a.text("refresh_token")
	}
	g.spent = true
}

func (g *grant) redeem(host string) history.Outcome {
	return g.show(host, 0, url.Values{
		"grant_type": {"authorization_code"}, "code": {g.code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	})
}

// refresh shows a refresh token, which has number n.
func (g *grant) refresh(host string, n int, token string) history.Outcome {
	return g.show(host, n, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// newest is the number of the last access token, and of the live refresh token.
func (g *grant) newest() int { return len(g.access) - 1 }

// look introspects an access token.
func (g *grant) look(host string, n int) {
	g.Do(history.Operation{Verb: history.Look, N: n, Daemon: host}, func() history.Outcome { return g.active(host, g.client, g.access[n]) })
}

// revoke ends the grant, or one access token when n is not 0. It can be repeated.
func (g *grant) revoke(host string, n int) history.Outcome {
	verb, token := history.End, g.latest
	if n > 0 {
		verb, token = history.EndToken, g.access[n]
	}
	for stop := time.Now().Add(patience); ; time.Sleep(between) {
		o := g.Do(history.Operation{Verb: verb, N: n, Daemon: host}, func() history.Outcome {
			a := g.post(host, "/revoke", g.client, url.Values{"token": {token}})
			if a.status == http.StatusOK {
				return history.Done
			}
			return g.read("a revocation", a, "")
		})
		if o != history.Unknown || time.Now().After(stop) {
			return o
		}
	}
}
