package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/recipe-web-app/oauth2d/cmd/bench/ceiling"
	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// The names of the daemon's rows.
const (
	TokenOpaque      = "/token client_credentials opaque"
	TokenJWT         = "/token client_credentials " // and the algorithm
	Refresh          = "/token refresh_token"
	Redemption       = "/token authorization_code"
	Flow             = "browser flow, sign-in to tokens"
	IntrospectOpaque = "/introspect opaque"
	IntrospectJWT    = "/introspect JWT"
	Revoke           = "/revoke"
	UserInfo         = "/userinfo"
	Metadata         = "metadata"
	Keys             = "JWKS"
)

const (
	metadataPath = "/.well-known/openid-configuration"
	keysPath     = "/.well-known/jwks.json"
	browsers     = 16 // signed in
	tokenPool    = ceiling.Tokens
)

// Daemon is the daemon with what its workloads need: browsers that are signed in, and tokens.
type Daemon struct {
	*subject.Daemon
	metadata, keys string
	keySet         keySet
	issued         map[string][]string // by format
	bearers        []string            // for /userinfo
	browsers       []*browser
	turn           int // which clients the next codes are for
}

// NewDaemon prepares a daemon. The tokens that it makes live as long as Refill is called often enough.
func NewDaemon(ctx context.Context, d *subject.Daemon) (*Daemon, error) {
	s := &Daemon{Daemon: d, issued: map[string][]string{}}
	conn, err := load.Dial(ctx, d.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for path, into := range map[string]*string{metadataPath: &s.metadata, keysPath: &s.keys} {
		a, err := conn.Do(load.Request{Method: http.MethodGet, Path: path, Host: d.Host}.Bytes())
		if err != nil {
			return nil, err
		}
		if a.Status != http.StatusOK {
			return nil, unexpected(a)
		}
		*into = string(a.Body)
	}
	if s.keySet, err = readKeys([]byte(s.keys)); err != nil {
		return nil, err
	}
	err = s.Refill(ctx)
	return s, err
}

// Refill signs the browsers in and makes the tokens that are presented again and again. Sessions and tokens
// expire, so a long benchmark calls it before each round.
func (d *Daemon) Refill(ctx context.Context) error {
	conn, err := load.Dial(ctx, d.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, format := range []string{"opaque", "ES256"} {
		d.issued[format] = nil
		request := d.machine(format).post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
		for range tokenPool {
			a, err := conn.Do(request)
			if err != nil {
				return err
			}
			t, err := tokens(a)
			if err != nil {
				return err
			}
			d.issued[format] = append(d.issued[format], t.AccessToken)
		}
	}
	for _, b := range d.browsers {
		b.conn.Close()
	}
	d.browsers, d.bearers = nil, nil
	for n := range browsers {
		own, err := load.Dial(ctx, d.Addr)
		if err != nil {
			return err
		}
		b := newBrowser(own, d.Host)
		d.browsers = append(d.browsers, b)
		code, err := b.signIn(subject.Web(n), subject.User(n))
		if err != nil {
			return err
		}
		t, err := d.redeem(own, code, n)
		if err != nil {
			return err
		}
		d.bearers = append(d.bearers, t.AccessToken)
	}
	return nil
}

// Close closes the browsers' connections.
func (d *Daemon) Close() {
	for _, b := range d.browsers {
		b.conn.Close()
	}
}

func (d *Daemon) machine(format string) party {
	id := subject.Machine(format)
	return party{d.Host, id, d.Secrets[id]}
}

func (d *Daemon) web(n int) party {
	id := subject.Web(n)
	return party{d.Host, id, d.Secrets[id]}
}

func (d *Daemon) redeem(c *load.Conn, code string, client int) (tokenSet, error) {
	a, err := c.Do(d.web(client).redemption(code))
	if err != nil {
		return tokenSet{}, err
	}
	return tokens(a)
}

// credential is a code or token with its client.
type credential struct {
	client int
	value  string
}

// codes requests codes in all browsers at once, evenly over the clients: a browser may hold ten codes of one client.
func (d *Daemon) codes(count int) ([]credential, error) {
	var mu sync.Mutex
	var all []credential
	var failed []error
	var work sync.WaitGroup
	each := (count + browsers - 1) / browsers
	for _, b := range d.browsers {
		work.Go(func() {
			for n := range each {
				client := (d.turn + n) % subject.WebClients
				code, err := b.authorize(subject.Web(client))
				mu.Lock()
				if err != nil {
					failed = append(failed, err)
					mu.Unlock()
					return
				}
				all = append(all, credential{client, code})
				mu.Unlock()
			}
		})
	}
	work.Wait()
	d.turn += each
	return all, errors.Join(failed...)
}

// Answers are the daemon's responses that the ceilings repeat.
func (d *Daemon) Answers(ctx context.Context) (map[string]ceiling.Answer, error) {
	conn, err := load.Dial(ctx, d.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	answers := map[string]ceiling.Answer{}
	for name, request := range map[string][]byte{
		ceiling.TokenAnswer:      d.machine("opaque").post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}),
		ceiling.IntrospectAnswer: d.machine("opaque").post("/introspect", url.Values{"token": {d.issued["opaque"][0]}}),
		ceiling.MetadataAnswer:   load.Request{Method: http.MethodGet, Path: metadataPath, Host: d.Host}.Bytes(),
		ceiling.KeysAnswer:       load.Request{Method: http.MethodGet, Path: keysPath, Host: d.Host}.Bytes(),
	} {
		a, err := conn.Do(request)
		if err != nil {
			return nil, err
		}
		if a.Status != http.StatusOK {
			return nil, fmt.Errorf("%s: %w", name, unexpected(a))
		}
		header := a.Header.Clone()
		for _, own := range []string{"Date", "Content-Length"} { // net/http writes them
			header.Del(own)
		}
		answers[name] = ceiling.Answer{Header: header, Body: string(a.Body)}
	}
	return answers, nil
}
