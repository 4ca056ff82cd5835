package main

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

// cliClient is the client that people sign in with unless they name another one.
const cliClient = "oauth2d-cli"

// loginTime is how long a person may take to sign in.
const loginTime = 5 * time.Minute

func newLogin(s *shared) *cobra.Command {
	var w way
	var id identity
	var scope, secretFile string
	cmd := &cobra.Command{
		Use:   "login",
		Short: "log in to a server, and remember it for the commands that follow",
		Long: "Log in to the admin API of a server. With --secret-file it is a client that logs in; without it a person\n" +
			"signs in through the browser, with a public client that is registered for http://127.0.0.1" + callback + ".\n" +
			"People must stand in the server's admin.operators. What is got is stored in a file that only you can read\n" +
			"($XDG_CONFIG_HOME/oauth2d/login.json, or OAUTH2D_CLI_LOGIN_FILE); oauth2d logout takes it away.",
		Example: `  # once, on the server: the client that people sign in with
  oauth2d client create oauth2d-cli --direct --public --native --grant authorization_code,refresh_token \
    --redirect-uri http://127.0.0.1/callback --scope "openid admin:*"

  # a person, through the browser
  oauth2d login --server http://127.0.0.1:9090 --issuer https://auth.example.com

  # a client with a secret
  oauth2d login --server http://127.0.0.1:9090 --issuer https://auth.example.com --client-id ops --secret-file ops.secret`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			saved, err := s.savedLogin()
			if err != nil {
				saved = identity{} // it is written anew
			}
			id.Server = first(w.server, s.getenv(envServer), saved.Server)
			id.Issuer = strings.TrimSuffix(first(w.issuer, s.getenv(envIssuer), saved.Issuer), "/")
			if len(id.Origins) == 0 {
				id.Origins = s.endpointOrigins()
			}
			if id.Server == "" || id.Issuer == "" {
				return usage("login wants --server and --issuer; hint: oauth2d login --server http://127.0.0.1:9090 --issuer https://auth.example.com")
			}
			return explained(cmd.CommandPath(), s.login(cmd.Context(), id, secretFile, scope))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&w.server, "server", "", "operators' listener of the server, such as http://127.0.0.1:9090 (or OAUTH2D_CLI_SERVER)")
	flags.StringVar(&w.issuer, "issuer", "", "issuer that gives the tokens (or OAUTH2D_CLI_ISSUER)")
	flags.StringArrayVar(&id.Origins, "endpoint-origin", nil, "origin that the issuer's endpoints may have besides its own, such as https://login.example.com; may be repeated (or OAUTH2D_CLI_ENDPOINT_ORIGINS)")
	flags.StringVar(&id.ClientID, "client-id", cliClient, "client that logs in")
	flags.StringVar(&secretFile, "secret-file", "", "file with the client's secret (- is standard input); empty: a person signs in through the browser")
	flags.StringVar(&scope, "scope", "openid admin:*", "what a person asks for")
	return cmd
}

// login gets a first token, shows it to the admin API and remembers what gave it.
func (s *shared) login(ctx context.Context, id identity, secretFile, scope string) error {
	var err error
	if id.Secret, err = s.secretFrom(secretFile); err != nil {
		return err
	}
	if id.Secret == "" {
		token, err := s.browse(ctx, signIn{id: id, scope: strings.Fields(scope), patience: loginTime})
		if err != nil {
			return err
		}
		id.Access, id.Refresh, id.Expires = token.AccessToken, token.RefreshToken, token.Expiry
		id.fromFile = true
	}
	api, err := adminclient.New(adminclient.Options{Server: id.Server, Token: (&wallet{s: s, id: id}).token})
	if err != nil {
		return usage("--%w", err)
	}
	if _, err := api.Stats(ctx); adminclient.Is(err, "insufficient-scope") {
		// Whoever may do other things logs in for those.
		s.say("the server takes the token, but it lacks rights: %s", err)
	} else if err != nil {
		return err
	}
	unlock, err := s.lockLogin()
	if err != nil {
		return err
	}
	defer unlock()
	name, err := s.saveLogin(id)
	if err != nil {
		return err
	}
	s.say("logged in to %s as %s; stored in %s", id.Server, id.ClientID, name)
	return nil
}

func newLogout(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		Short:   "forget the login, and end what a person got by it",
		Example: "  oauth2d logout",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return explained(cmd.CommandPath(), s.logout(cmd.Context()))
		},
	}
}

func (s *shared) logout(ctx context.Context) error {
	name, err := s.loginFile()
	if err != nil {
		return err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		s.say("you are not logged in")
		return nil
	}
	unlock, err := s.lockLogin()
	if err != nil {
		return err
	}
	defer unlock()
	saved, unreadable := s.savedLogin()
	if secret, err := saved.clientSecret(); unreadable == nil && err == nil {
		if kept := s.tokenFile(saved, secret); kept != "" {
			_ = os.Remove(kept) // it runs out by itself where it cannot be removed
		}
	}
	if err := os.Remove(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			s.say("you are not logged in")
			return nil
		}
		return err
	}
	if unreadable == nil && saved.Refresh != "" {
		if err := endRefresh(ctx, saved); err != nil {
			return &problem{code: codeOf(err), hint: "oauth2d grant list and oauth2d grant revoke end it", err: err}
		}
	}
	s.say("logged out")
	return nil
}

// endRefresh revokes a person's refresh token and all that hangs on it (RFC 7009).
func endRefresh(ctx context.Context, id identity) error {
	ends, err := id.discover(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"token": {id.Refresh}, "token_type_hint": {"refresh_token"}, "client_id": {id.ClientID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, ends.Revoke, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := asking().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // only its status counts
	if response.StatusCode != http.StatusOK {
		return errors.New("the login is forgotten here, but the server did not end it: " + response.Status)
	}
	return nil
}
