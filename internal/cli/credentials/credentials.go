package credentials

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// The variables of the command line itself.
const (
	EnvServer     = console.EnvPrefix + "SERVER"
	EnvIssuer     = console.EnvPrefix + "ISSUER"
	EnvClientID   = console.EnvPrefix + "CLIENT_ID"
	EnvSecret     = console.EnvPrefix + "CLIENT_SECRET"
	EnvOrigins    = console.EnvPrefix + "ENDPOINT_ORIGINS"
	envSecretFile = console.EnvPrefix + "CLIENT_SECRET_FILE"
	EnvLoginFile  = console.EnvPrefix + "LOGIN_FILE"
)

// Store reads the identity of the command line from the environment, and from the file that login writes.
type Store struct{ Console *console.Console }

// Identity is a server with the credentials for it. Its JSON form is the file that `login` writes.
type Identity struct {
	Server   string      `json:"server,omitempty"`
	Issuer   string      `json:"issuer,omitempty"`
	ClientID string      `json:"client_id,omitempty"`
	Secret   secret.Text `json:"client_secret,omitempty"`
	// Origins are allowed for the issuer's endpoints besides its own.
	Origins []string `json:"endpoint_origins,omitempty"`
	// The tokens of a person who logged in through the browser.
	Refresh secret.Text `json:"refresh_token,omitempty"`
	Access  secret.Text `json:"access_token,omitempty"`
	Expires time.Time   `json:"expires_at,omitzero"`

	secretFile string
	fromFile   bool // it was read from the file, and is written again when it changes
}

// LogValue hides the secrets from slog.
func (id Identity) LogValue() slog.Value { return slog.StringValue("client " + id.ClientID) }

// Identity returns the identity to use: flags win over the environment, the environment over the stored login. The
// stored login is used as a whole or not at all, so that its credentials are not sent to another server.
func (s *Store) Identity(server, issuer string, saved Identity) Identity {
	id := Identity{
		Server: cmp.Or(server, s.Console.Getenv(EnvServer)), Issuer: cmp.Or(issuer, s.Console.Getenv(EnvIssuer)),
		ClientID: s.Console.Getenv(EnvClientID), Secret: secret.Text(s.Console.Getenv(EnvSecret)), secretFile: s.Console.Getenv(envSecretFile), Origins: s.endpointOrigins(),
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

// endpointOrigins reads the variable that stands for --endpoint-origin: origins, separated by commas.
func (s *Store) endpointOrigins() []string {
	return strings.FieldsFunc(s.Console.Getenv(EnvOrigins), func(r rune) bool { return r == ',' || r == ' ' })
}

// loginFile returns the name of the file that login writes.
func (s *Store) loginFile() (string, error) {
	if name := s.Console.Getenv(EnvLoginFile); name != "" {
		return name, nil
	}
	folder := s.Console.Getenv("XDG_CONFIG_HOME")
	if folder == "" {
		home := s.Console.Getenv("HOME")
		if home == "" {
			return "", fmt.Errorf("there is no place for the login: neither HOME nor %s is set", EnvLoginFile)
		}
		folder = filepath.Join(home, ".config")
	}
	return filepath.Join(folder, "oauth2d", "login.json"), nil
}

// Saved reads the stored login; the empty identity when there is none.
func (s *Store) Saved() (Identity, error) {
	name, err := s.loginFile()
	if err != nil {
		return Identity{}, nil //nolint:nilerr // without a place for the file there is no file
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, nil
	}
	if err != nil {
		return Identity{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Identity{}, &exit.Error{
			Code: exit.Refused, Hint: "chmod 600 " + name, Err: fmt.Errorf("%s holds credentials and others may read it", name),
		}
	}
	raw, err := smallfile.Read(name)
	if err != nil {
		return Identity{}, err
	}
	var id Identity
	if json.Unmarshal(raw, &id) != nil {
		return Identity{}, &exit.Error{Code: exit.Failed, Hint: "oauth2d login writes it anew", Err: fmt.Errorf("%s is damaged", name)}
	}
	return id, nil
}

// Save stores an identity in a file that only this user can read. A concurrent reader finds the old file or the new one.
func (s *Store) Save(id Identity) (string, error) {
	name, err := s.loginFile()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", err
	}
	raw, err := json.MarshalIndent(id, "", "  ") //nolint:gosec // G117: the file exists to hold the secret; nobody else may read it
	if err != nil {
		return "", err
	}
	if err := writePrivate(name, raw); err != nil {
		return "", err
	}
	return name, nil
}

// clientSecret returns the secret of the client; "" for a public client.
func (id Identity) clientSecret() (secret.Text, error) {
	if id.Secret != "" || id.secretFile == "" {
		return id.Secret, nil
	}
	text, err := console.SecretFile(id.secretFile)
	if err != nil {
		return "", exit.Usagef("%s: %w", envSecretFile, err)
	}
	return text, nil
}

// Fetch returns an access token of the issuer: the stored one of a person while it is valid, otherwise a new one.
func (s *Store) Fetch(ctx context.Context, id Identity) (*oauth2.Token, error) {
	stored := id.stored()
	if id.fromFile && id.Refresh != "" && stored.Valid() {
		return stored, nil
	}
	own, err := id.clientSecret()
	if err != nil {
		return nil, err
	}
	if id.ClientID == "" || own == "" && id.Refresh == "" {
		return nil, exit.Usagef("there are no credentials; hint: oauth2d login, or %s and %s (or %s)", EnvClientID, EnvSecret, envSecretFile)
	}
	if id.Issuer == "" {
		return nil, exit.Usagef("the issuer of the token is not named; hint: --issuer https://auth.example.com or %s", EnvIssuer)
	}
	ctx = withHTTP(ctx)
	ends, err := id.Discover(ctx)
	if err != nil {
		return nil, err
	}
	if id.Refresh == "" {
		c := clientcredentials.Config{ClientID: id.ClientID, ClientSecret: own.Reveal(), TokenURL: ends.Token, AuthStyle: oauth2.AuthStyleInHeader}
		return tokenOf(c.Token(ctx))
	}
	return s.refresh(ctx, id, ends, own)
}

// tokenOf replaces the refusal of a token endpoint by an error for people.
func tokenOf(got *oauth2.Token, err error) (*oauth2.Token, error) {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return got, err
	}
	code := exit.CodeOf(err)
	if refusal.ErrorCode == "" {
		return nil, &exit.Error{Code: code, Err: fmt.Errorf("the token endpoint answered %s", refusal.Response.Status)}
	}
	return nil, &exit.Error{Code: code, Err: errors.New(strings.TrimSuffix(refusal.ErrorCode+": "+refusal.ErrorDescription, ": "))}
}
