package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// Workloads returns the rows of the daemon.
func (d *Daemon) Workloads() []Workload {
	all := []Workload{d.tokens(TokenOpaque, "opaque")}
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		all = append(all, d.tokens(TokenJWT+algorithm, algorithm))
	}
	return append(all, d.refreshes(), d.redemptions(), d.flows(), d.introspections(IntrospectOpaque, "opaque"), d.introspections(IntrospectJWT, "ES256"),
		d.revocations(), d.userInfo(), static(Metadata, d.Host, metadataPath, d.metadata), static(Keys, d.Host, keysPath, d.keys))
}

// tokens are token requests with client credentials.
func (d *Daemon) tokens(name, format string) Workload {
	var last samples[tokenSet]
	request := d.machine(format).post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	return Workload{
		Name: name,
		NewCall: func(c *load.Conn, _ int) load.Call {
			sample := last.add()
			return func() error {
				a, err := c.Do(request)
				if err == nil {
					*sample, err = tokens(a)
				}
				return err
			}
		},
		Verify: func(ctx context.Context) error {
			for _, t := range last.take() {
				if err := d.verifyAccess(ctx, t.AccessToken, format, subject.Machine(format), true); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// verifyAccess checks the signature of a JWT, and what an introspection answers about any access token. It does
// nothing for a connection that got no token.
func (d *Daemon) verifyAccess(ctx context.Context, token, format, client string, want bool) error {
	if token == "" {
		return nil
	}
	if format != "opaque" {
		if err := d.keySet.verify(token, format, subject.Issuer); err != nil {
			return fmt.Errorf("an access token of the format %s: %w", format, err)
		}
	}
	conn, err := load.Dial(ctx, d.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	a, err := conn.Do(d.machine("opaque").post("/introspect", url.Values{"token": {token}}))
	if err != nil {
		return err
	}
	var i introspected
	if err := decode(a, &i); err != nil {
		return err
	}
	if i.Active != want || want && i.ClientID != client {
		return fmt.Errorf("active should be %v: %w", want, unexpected(a))
	}
	return nil
}

// issuedTo is a token set with the client that it was issued to.
type issuedTo struct {
	tokenSet
	client int
}

// verifyUser checks the tokens that a user's client got.
func (d *Daemon) verifyUser(ctx context.Context, all []*issuedTo) error {
	for _, t := range all {
		if t.IDToken != "" {
			if err := d.keySet.verify(t.IDToken, "ES256", subject.Issuer); err != nil {
				return fmt.Errorf("an ID token: %w", err)
			}
		}
		if err := d.verifyAccess(ctx, t.AccessToken, "opaque", subject.Web(t.client), true); err != nil {
			return err
		}
	}
	return nil
}

// refreshes are refresh requests: every connection has a grant and always presents its newest token.
func (d *Daemon) refreshes() Workload {
	var prepared []credential
	var last samples[issuedTo]
	return Workload{
		Name: Refresh,
		Prepare: func(ctx context.Context, count int) error {
			conn, err := load.Dial(ctx, d.Addr)
			if err != nil {
				return err
			}
			defer conn.Close()
			codes, err := d.codes(count)
			if err != nil {
				return err
			}
			prepared = nil
			for _, code := range codes {
				t, err := d.redeem(conn, code.value, code.client)
				if err != nil {
					return err
				}
				prepared = append(prepared, credential{code.client, t.RefreshToken})
			}
			return nil
		},
		NewCall: func(c *load.Conn, i int) load.Call {
			now, sample := prepared[i], last.add()
			sample.client = now.client
			return func() error {
				a, err := c.Do(d.web(now.client).post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {now.value}}))
				if err != nil {
					return err
				}
				if sample.tokenSet, err = tokens(a); err != nil {
					return err
				}
				if sample.RefreshToken == "" || sample.RefreshToken == now.value {
					return errors.New("a refresh did not return a new refresh token")
				}
				now.value = sample.RefreshToken
				return nil
			}
		},
		Verify: func(ctx context.Context) error { return d.verifyUser(ctx, last.take()) },
	}
}

// redemptions are token requests with an authorization code.
func (d *Daemon) redemptions() Workload {
	var prepared supply[credential]
	var last samples[issuedTo]
	return Workload{
		Name: Redemption, Scarce: true,
		Prepare: func(_ context.Context, count int) error {
			codes, err := d.codes(count)
			prepared.fill(codes)
			return err
		},
		NewCall: func(c *load.Conn, _ int) load.Call {
			sample := last.add()
			return func() error {
				code, err := prepared.next()
				if err != nil {
					return err
				}
				sample.client = code.client
				if sample.tokenSet, err = d.redeem(c, code.value, sample.client); err != nil {
					return err
				}
				if sample.RefreshToken == "" || sample.IDToken == "" {
					return errors.New("a redemption returned no refresh token or no ID token")
				}
				return nil
			}
		},
		Verify: func(ctx context.Context) error { return d.verifyUser(ctx, last.take()) },
	}
}

// flows are whole sign-ins: authorization request, sign-in page, password, code, tokens.
func (d *Daemon) flows() Workload {
	var turn atomic.Int64
	var last samples[issuedTo]
	return Workload{
		Name: Flow, Connections: 8, // a password hash takes 20 ms of a processor: more would only wait
		NewCall: func(c *load.Conn, _ int) load.Call {
			sample := last.add()
			return func() error {
				n := int(turn.Add(1))
				sample.client = n % subject.WebClients
				code, err := newBrowser(c, d.Host).signIn(subject.Web(sample.client), subject.User(n))
				if err != nil {
					return err
				}
				sample.tokenSet, err = d.redeem(c, code, sample.client)
				return err
			}
		},
		Verify: func(ctx context.Context) error { return d.verifyUser(ctx, last.take()) },
	}
}

func (d *Daemon) introspections(name, format string) Workload {
	return Workload{Name: name, NewCall: func(c *load.Conn, i int) load.Call {
		var requests [][]byte
		for n := range 8 { // each connection has tokens of its own, as a resource server has
			requests = append(requests, d.machine("opaque").post("/introspect", url.Values{"token": {d.issued[format][(8*i+n)%tokenPool]}}))
		}
		return fixed(requests, active(subject.Machine(format)))(c, 0)
	}}
}

// revocations revoke opaque access tokens, each once.
func (d *Daemon) revocations() Workload {
	var prepared supply[string]
	var last samples[string]
	return Workload{
		Name: Revoke, Scarce: true,
		Prepare: func(ctx context.Context, count int) error {
			tokens, err := d.manyTokens(ctx, count)
			prepared.fill(tokens)
			return err
		},
		NewCall: func(c *load.Conn, _ int) load.Call {
			sample := last.add()
			return func() error {
				token, err := prepared.next()
				if err != nil {
					return err
				}
				a, err := c.Do(d.machine("opaque").post("/revoke", url.Values{"token": {token}}))
				if err == nil {
					err = done(a)
				}
				if err == nil {
					*sample = token
				}
				return err
			}
		},
		Verify: func(ctx context.Context) error {
			for _, token := range last.take() {
				if err := d.verifyAccess(ctx, *token, "opaque", "", false); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// manyTokens issues opaque tokens over several connections.
func (d *Daemon) manyTokens(ctx context.Context, count int) ([]string, error) {
	const connections = 16
	each := (count + connections - 1) / connections
	request := d.machine("opaque").post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	results, failures := make(chan string, each*connections), make(chan error, connections)
	for range connections {
		go func() {
			conn, err := load.Dial(ctx, d.Addr)
			if err != nil {
				failures <- err
				return
			}
			defer conn.Close()
			for range each {
				var t tokenSet
				a, err := conn.Do(request)
				if err == nil {
					t, err = tokens(a)
				}
				if err != nil {
					failures <- err
					return
				}
				results <- t.AccessToken
			}
			failures <- nil
		}()
	}
	var failed []error
	for range connections {
		failed = append(failed, <-failures)
	}
	close(results)
	var all []string
	for token := range results {
		all = append(all, token)
	}
	return all, errors.Join(failed...)
}

// userInfo are requests with the bearer tokens of users.
func (d *Daemon) userInfo() Workload {
	return Workload{Name: UserInfo, NewCall: func(c *load.Conn, i int) load.Call {
		return fixed([][]byte{bearing(d.Host, "/userinfo", d.bearers[i%len(d.bearers)])}, aboutSomebody)(c, 0)
	}}
}
