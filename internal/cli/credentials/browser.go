package credentials

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

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// signIn describes a sign-in through the browser of the person at the terminal.
type signIn struct {
	id       Identity
	secret   secret.Text // of a confidential client
	scope    []string
	resource []string
	timeout  time.Duration
}

// CallbackPath is the path of the redirect URI. A client is registered for it on http://127.0.0.1; the port may differ
// (RFC 8252 §7.3).
const CallbackPath = "/callback"

// returned is the result of an authorization response.
type returned struct {
	code string
	err  error
}

// browse lets the person sign in and returns the tokens (RFC 8252: loopback redirect, PKCE).
func (s *Store) browse(ctx context.Context, in signIn) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(withHTTP(ctx), in.timeout)
	defer cancel()
	ends, err := in.id.Discover(ctx)
	if err != nil {
		return nil, err
	}
	if ends.Authorize == "" || ends.Token == "" {
		return nil, errors.New("the issuer's metadata lack authorization_endpoint or token_endpoint")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client := ends.client(in.id.ClientID, in.secret)
	client.RedirectURL, client.Scopes = "http://"+listener.Addr().String()+CallbackPath, in.scope
	state, verifier := secret.NewToken(16), oauth2.GenerateVerifier()
	answers := newReceiver(ends.Issuer, state)
	server := &http.Server{Handler: answers.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // leave ends it
	defer leave(server)
	address := client.AuthCodeURL(state, append(resources(in.resource), oauth2.S256ChallengeOption(verifier))...)
	s.Console.Say("open this address in a browser on this machine and sign in:\n\n  %s\n", address)
	if s.Console.Terminal {
		openBrowser(ctx, address)
	}
	select {
	case <-ctx.Done():
		return nil, errors.New("nobody signed in within the time limit")
	case got := <-answers.back:
		var token *oauth2.Token
		if err = got.err; err == nil {
			token, err = tokenOf(client.Exchange(ctx, got.code, append(resources(in.resource), oauth2.VerifierOption(verifier))...))
		}
		answers.finish(err)
		return token, err
	}
}

// leave closes the server once the browser has read its last page.
func leave(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // do not wait for idle connections
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
		return returned{err: &exit.Error{Code: exit.Refused, Err: fmt.Errorf("%q: %q", code, query.Get("error_description"))}}
	}
	if query.Get("code") == "" {
		return returned{err: errors.New("the answer holds no code")}
	}
	return returned{code: query.Get("code")}
}

// openBrowser tries to open the address. Failure is ignored, because the address was printed as well. The address comes
// from the issuer's metadata, and the program below starts whatever is registered for its scheme, so anything but https,
// or http on this machine, is dropped.
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
