package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// prefixCLI begins the variables of the command line itself; the server has no such settings.
const prefixCLI = "OAUTH2D_CLI_"

// The variables of the command line itself.
const (
	envServer     = prefixCLI + "SERVER"
	envIssuer     = prefixCLI + "ISSUER"
	envClientID   = prefixCLI + "CLIENT_ID"
	envSecret     = prefixCLI + "CLIENT_SECRET"
	envOrigins    = prefixCLI + "ENDPOINT_ORIGINS"
	envSecretFile = prefixCLI + "CLIENT_SECRET_FILE"
	envLoginFile  = prefixCLI + "LOGIN_FILE"
)

// identity is who the command line is to a server. As JSON it is the file that `login` writes.
type identity struct {
	Server   string `json:"server,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	Secret   string `json:"client_secret,omitempty"`
	// Origins are those that the issuer's endpoints may have besides its own.
	Origins []string `json:"endpoint_origins,omitempty"`
	// Of a person who logged in through the browser.
	Refresh string    `json:"refresh_token,omitempty"`
	Access  string    `json:"access_token,omitempty"`
	Expires time.Time `json:"expires_at,omitzero"`

	secretFile string
	fromFile   bool // it is what login stored, and is stored again when it changes
}

// getenv reads a variable of the console.
func (c console) getenv(name string) string {
	for _, pair := range c.environ {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// identity puts together who we are: flags before the environment before what login stored. What
// was stored counts as a whole: it is not shown to another server.
func (s *shared) identity(w way, saved identity) identity {
	id := identity{
		Server: first(w.server, s.getenv(envServer)), Issuer: first(w.issuer, s.getenv(envIssuer)),
		ClientID: s.getenv(envClientID), Secret: s.getenv(envSecret), secretFile: s.getenv(envSecretFile), Origins: s.endpointOrigins(),
	}
	if id.ClientID != "" {
		if id.Server == "" && id.Issuer == "" {
			id.Server, id.Issuer = saved.Server, saved.Issuer
		}
		return id
	}
	if id.Server != "" && id.Server != saved.Server || id.Issuer != "" && id.Issuer != saved.Issuer {
		return id
	}
	saved.fromFile = true
	return saved
}

// endpointOrigins reads the variable that holds what --endpoint-origin says, separated by commas.
func (c console) endpointOrigins() []string {
	return strings.FieldsFunc(c.getenv(envOrigins), func(r rune) bool { return r == ',' || r == ' ' })
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// loginFile is where login stores what it got.
func (s *shared) loginFile() (string, error) {
	if name := s.getenv(envLoginFile); name != "" {
		return name, nil
	}
	folder := s.getenv("XDG_CONFIG_HOME")
	if folder == "" {
		home := s.getenv("HOME")
		if home == "" {
			return "", fmt.Errorf("there is no place for the login: neither HOME nor %s is set", envLoginFile)
		}
		folder = filepath.Join(home, ".config")
	}
	return filepath.Join(folder, "oauth2d", "login.json"), nil
}

// savedLogin reads what login stored; nothing is the empty identity.
func (s *shared) savedLogin() (identity, error) {
	name, err := s.loginFile()
	if err != nil {
		return identity{}, nil //nolint:nilerr // where nothing can be stored, nothing was
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return identity{}, nil
	}
	if err != nil {
		return identity{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return identity{}, &problem{
			code: exitRefused, hint: "chmod 600 " + name, err: fmt.Errorf("%s holds credentials and others may read it", name),
		}
	}
	raw, err := smallfile.Read(name)
	if err != nil {
		return identity{}, err
	}
	var id identity
	if json.Unmarshal(raw, &id) != nil {
		return identity{}, &problem{code: exitFailed, hint: "oauth2d login writes it anew", err: fmt.Errorf("%s is damaged", name)}
	}
	return id, nil
}

// saveLogin stores an identity for nobody else to read. A reader finds the old file or the new one.
func (s *shared) saveLogin(id identity) (string, error) {
	name, err := s.loginFile()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", err
	}
	raw, err := json.MarshalIndent(id, "", "  ") //nolint:gosec // G117: the secret is what the file is for; nobody else may read it
	if err != nil {
		return "", err
	}
	if err := writePrivate(name, raw); err != nil {
		return "", err
	}
	return name, nil
}

// clientSecret is the secret of the client we are; empty for a public one.
func (id identity) clientSecret() (string, error) {
	if id.Secret != "" || id.secretFile == "" {
		return id.Secret, nil
	}
	text, err := onlyLine(id.secretFile)
	if err != nil {
		return "", usage("%s: %w", envSecretFile, err)
	}
	return text, nil
}

// fetch gets an access token from the issuer.
func (s *shared) fetch(ctx context.Context, id identity) (*oauth2.Token, error) {
	stored := id.stored()
	if id.fromFile && id.Refresh != "" && stored.Valid() {
		return stored, nil
	}
	secret, err := id.clientSecret()
	if err != nil {
		return nil, err
	}
	if id.ClientID == "" || secret == "" && id.Refresh == "" {
		return nil, usage("there are no credentials; hint: oauth2d login, or %s and %s (or %s)", envClientID, envSecret, envSecretFile)
	}
	if id.Issuer == "" {
		return nil, usage("no issuer is named that gives the token; hint: --issuer https://auth.example.com or %s", envIssuer)
	}
	ctx = withHTTP(ctx)
	ends, err := id.discover(ctx)
	if err != nil {
		return nil, err
	}
	if id.Refresh == "" {
		c := clientcredentials.Config{ClientID: id.ClientID, ClientSecret: secret, TokenURL: ends.Token, AuthStyle: oauth2.AuthStyleInHeader}
		return tokenOf(c.Token(ctx))
	}
	return s.refresh(ctx, id, ends, secret)
}

// tokenOf makes the answer of a token endpoint readable when it is a refusal.
func tokenOf(got *oauth2.Token, err error) (*oauth2.Token, error) {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return got, err
	}
	code := codeOf(err)
	if refusal.ErrorCode == "" {
		return nil, &problem{code: code, err: fmt.Errorf("the token endpoint answered %s", refusal.Response.Status)}
	}
	return nil, &problem{code: code, err: errors.New(strings.TrimSuffix(refusal.ErrorCode+": "+refusal.ErrorDescription, ": "))}
}
