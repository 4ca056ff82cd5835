package credentials

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// DefaultClient is the client that people sign in with unless they name another one.
const DefaultClient = "oauth2d-cli"

// LoginTimeout bounds the time that a person takes to sign in.
const LoginTimeout = 5 * time.Minute

// Completed fills members that the flags left out: from the environment, or from the stored login.
func (s *Store) Completed(id Identity, server, issuer string) Identity {
	saved, err := s.Saved()
	if err != nil {
		saved = Identity{} // login replaces the file
	}
	id.Server = cmp.Or(server, s.Console.Getenv(EnvServer), saved.Server)
	id.Issuer = strings.TrimSuffix(cmp.Or(issuer, s.Console.Getenv(EnvIssuer), saved.Issuer), "/")
	if len(id.Origins) == 0 {
		id.Origins = s.endpointOrigins()
	}
	return id
}

// Login gets a first token, tries it at the admin API, and stores the credentials.
func (s *Store) Login(ctx context.Context, id Identity, secretFile, scope string) error {
	var err error
	if id.Secret, err = s.Console.ReadSecret(secretFile); err != nil {
		return err
	}
	if id.Secret == "" {
		token, err := s.browse(ctx, signIn{id: id, scope: strings.Fields(scope), timeout: LoginTimeout})
		if err != nil {
			return err
		}
		id.Access, id.Refresh, id.Expires = secret.Text(token.AccessToken), secret.Text(token.RefreshToken), token.Expiry
		id.fromFile = true
	}
	api, err := adminclient.New(adminclient.Options{Server: id.Server, Token: s.Tokens(id).Token})
	if err != nil {
		return exit.Usagef("--%w", err)
	}
	if _, err := api.Stats(ctx); adminclient.Is(err, "insufficient-scope") {
		// The credentials may serve for other verbs: log in all the same.
		s.Console.Say("the server accepts the token, but it lacks rights: %s", err)
	} else if err != nil {
		return err
	}
	unlock, err := s.lockLogin()
	if err != nil {
		return err
	}
	defer unlock()
	name, err := s.Save(id)
	if err != nil {
		return err
	}
	s.Console.Say("logged in to %s as %s; stored in %s", id.Server, id.ClientID, name)
	return nil
}

// Logout removes the stored login, and revokes the grant of a person.
func (s *Store) Logout(ctx context.Context) error {
	name, err := s.loginFile()
	if err != nil {
		return err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		s.Console.Say("you are not logged in")
		return nil
	}
	unlock, err := s.lockLogin()
	if err != nil {
		return err
	}
	defer unlock()
	saved, unreadable := s.Saved()
	if own, err := saved.clientSecret(); unreadable == nil && err == nil {
		if kept := s.tokenFile(saved, own); kept != "" {
			_ = os.Remove(kept) // a token that cannot be removed expires
		}
	}
	if err := os.Remove(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			s.Console.Say("you are not logged in")
			return nil
		}
		return err
	}
	if unreadable == nil && saved.Refresh != "" {
		if err := endRefresh(ctx, saved); err != nil {
			return &exit.Error{Code: exit.CodeOf(err), Hint: "oauth2d grant list and oauth2d grant revoke end it", Err: err}
		}
	}
	s.Console.Say("logged out")
	return nil
}

// endRefresh revokes a person's refresh token with its grant (RFC 7009).
func endRefresh(ctx context.Context, id Identity) error {
	ends, err := id.Discover(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"token": {id.Refresh.Reveal()}, "token_type_hint": {"refresh_token"}, "client_id": {id.ClientID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, ends.Revoke, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := httpClient().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // only its status counts
	if response.StatusCode != http.StatusOK {
		return errors.New("the login is forgotten here, but the server did not end it: " + response.Status)
	}
	return nil
}
