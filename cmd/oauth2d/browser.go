package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// signIn is a sign-in through the browser of the person at the terminal.
type signIn struct {
	id       identity
	secret   string // of a confidential client
	scope    []string
	resource []string
	patience time.Duration
}

// callback is the path that the browser comes back to. A client is registered for it on
// http://127.0.0.1, and any port is good (RFC 8252 §7.3).
const callback = "/callback"

// returned is what the browser brought back.
type returned struct {
	code string
	err  error
}

// browse lets the person sign in and gives the tokens (RFC 8252: loopback redirect, PKCE).
func (s *shared) browse(ctx context.Context, in signIn) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(withHTTP(ctx), in.patience)
	defer cancel()
	ends, err := in.id.discover(ctx)
	if err != nil {
		return nil, err
	}
	if ends.Authorize == "" || ends.Token == "" {
		return nil, errors.New("the issuer's metadata name no authorization_endpoint and token_endpoint")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client := ends.client(in.id.ClientID, in.secret)
	client.RedirectURL, client.Scopes = "http://"+listener.Addr().String()+callback, in.scope
	state, verifier := secret.NewToken(16), oauth2.GenerateVerifier()
	answers := newReceiver(ends.Issuer, state)
	desk := &http.Server{Handler: answers.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = desk.Serve(listener) }() // it ends by leave
	defer leave(desk)
	address := client.AuthCodeURL(state, append(resources(in.resource), oauth2.S256ChallengeOption(verifier))...)
	s.say("open this address in a browser on this machine and sign in:\n\n  %s\n", address)
	if s.terminal {
		openBrowser(ctx, address)
	}
	select {
	case <-ctx.Done():
		return nil, errors.New("nobody signed in in time")
	case got := <-answers.back:
		var token *oauth2.Token
		if err = got.err; err == nil {
			token, err = tokenOf(client.Exchange(ctx, got.code, append(resources(in.resource), oauth2.VerifierOption(verifier))...))
		}
		answers.finish(err)
		return token, err
	}
}

// leave closes the desk when the browser has read its last page.
func leave(desk *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if desk.Shutdown(ctx) != nil {
		_ = desk.Close() // a connection that only idles is no reason to wait
	}
}

func resources(uris []string) []oauth2.AuthCodeOption {
	var options []oauth2.AuthCodeOption
	for _, uri := range uris {
		options = append(options, oauth2.SetAuthURLParam("resource", uri))
	}
	return options
}

// resultOf reads an authorization response (RFC 6749 §4.1.2, RFC 9207).
func resultOf(query url.Values, issuer string) returned {
	if from := query.Get("iss"); from != "" && from != issuer {
		return returned{err: fmt.Errorf("the answer came from another issuer, %q", from)}
	}
	if code := query.Get("error"); code != "" {
		return returned{err: &problem{code: exitRefused, err: fmt.Errorf("%q: %q", code, query.Get("error_description"))}}
	}
	if query.Get("code") == "" {
		return returned{err: errors.New("the answer holds no code")}
	}
	return returned{code: query.Get("code")}
}

// openBrowser tries to show the address; that it was printed is enough when this does not work. The
// address comes from the issuer's metadata, and the programs that open it start whatever is registered
// for its scheme: nothing but https, or http on this machine, is handed to them.
func openBrowser(ctx context.Context, address string) {
	if _, err := safeURL(address); err != nil {
		return
	}
	program := "xdg-open"
	switch runtime.GOOS {
	case "darwin":
		program = "open"
	case "windows":
		program = "explorer"
	}
	_ = exec.CommandContext(ctx, program, address).Start() //nolint:gosec // G204: an address that was checked
}
