package credentials

import (
	"cmp"
	"context"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// TokenRequest names the client that a token is for, and its scope and resources.
type TokenRequest struct {
	Issuer, ClientID, SecretFile, Scope string
	Resources, Origins                  []string
	Browser                             bool
	Timeout                             time.Duration
}

// Get returns a new access token: for a client with its secret, or for the person at the terminal through the browser.
func (s *Store) Get(ctx context.Context, f TokenRequest) (*oauth2.Token, error) {
	id := Identity{
		Issuer: strings.TrimSuffix(cmp.Or(f.Issuer, s.Console.Getenv(EnvIssuer)), "/"), ClientID: cmp.Or(f.ClientID, s.Console.Getenv(EnvClientID)),
		Origins: f.Origins,
	}
	if len(id.Origins) == 0 {
		id.Origins = s.endpointOrigins()
	}
	if id.Issuer == "" || id.ClientID == "" {
		return nil, exit.Usagef("token get requires --issuer and --client-id; hint: oauth2d token get --help")
	}
	if id.ClientID == s.Console.Getenv(EnvClientID) {
		id.Secret, id.secretFile = secret.Text(s.Console.Getenv(EnvSecret)), s.Console.Getenv(envSecretFile)
	}
	own, err := s.Console.ReadSecret(f.SecretFile)
	if err == nil && own == "" {
		own, err = id.clientSecret()
	}
	if err != nil {
		return nil, err
	}
	var got *oauth2.Token
	switch {
	case f.Browser:
		got, err = s.browse(ctx, signIn{
			id: id, secret: own, scope: strings.Fields(f.Scope), resource: f.Resources, timeout: f.Timeout,
		})
	case own == "":
		return nil, exit.Usagef("there is no secret; hint: --secret-file for a client, or --browser to sign in yourself")
	default:
		ctx = withHTTP(ctx)
		var ends Endpoints
		if ends, err = id.Discover(ctx); err != nil {
			return nil, err
		}
		c := clientcredentials.Config{
			ClientID: id.ClientID, ClientSecret: own.Reveal(), TokenURL: ends.Token, Scopes: strings.Fields(f.Scope),
			AuthStyle: oauth2.AuthStyleInHeader,
		}
		if len(f.Resources) > 0 {
			c.EndpointParams = map[string][]string{"resource": f.Resources}
		}
		got, err = tokenOf(c.Token(ctx))
	}
	return got, err
}
