package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// RequestTimeout bounds one request to a server.
const RequestTimeout = 30 * time.Second

// httpClient returns the HTTP client for issuers and for the admin API. A redirect could send the secret or code in a
// request's body to anybody, so it follows none.
func httpClient() *http.Client {
	return &http.Client{Timeout: RequestTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// withHTTP makes the oauth2 library use httpClient.
func withHTTP(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, httpClient())
}

// Endpoints holds the members of an issuer's metadata (RFC 8414) that are used here. The URLs were checked: they are
// https, or http on this machine, and have the issuer's origin or one that the user named.
type Endpoints struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Revoke    string `json:"revocation_endpoint"`
}

// client returns a client of the issuer, without a redirect URI.
func (e Endpoints) client(id string, own secret.Text) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if own == "" {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: id, ClientSecret: own.Reveal(), Endpoint: oauth2.Endpoint{AuthURL: e.Authorize, TokenURL: e.Token, AuthStyle: style},
	}
}

// safeURL parses a URL, and refuses one that secrets must not be sent to: it must be https, or http on this machine.
func safeURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("is not an https URL")
	case u.Scheme == "http" && !oauth.IsLoopbackHost(u.Hostname()):
		return nil, errors.New("uses http on another machine: secrets would cross the network in the clear")
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("holds a user name or a fragment")
	}
	return u, nil
}

// originOf returns the scheme, host and port of a URL.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// origins returns the issuer's own origin, and those that the user allowed for its endpoints besides.
func (id Identity) origins(issuer *url.URL) ([]string, error) {
	all := []string{originOf(issuer)}
	for _, text := range id.Origins {
		u, err := safeURL(text)
		if err != nil {
			return nil, exit.Usagef("--endpoint-origin %s: %w", text, err)
		}
		all = append(all, originOf(u))
	}
	return all, nil
}

// Discover reads the metadata of an issuer. It checks that they are the issuer's own (RFC 8414 §3.3), and that secrets
// and the user's browser may be sent to its endpoints.
func (id Identity) Discover(ctx context.Context) (Endpoints, error) {
	issuer := strings.TrimSuffix(id.Issuer, "/")
	u, err := safeURL(issuer)
	if err != nil {
		return Endpoints{}, exit.Usagef("--issuer %s: %w", issuer, err)
	}
	allowed, err := id.origins(u)
	if err != nil {
		return Endpoints{}, err
	}
	found, err := metadataOf(ctx, issuer)
	if err != nil {
		return Endpoints{}, err
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": found.Authorize, "token_endpoint": found.Token, "revocation_endpoint": found.Revoke,
	} {
		if err := trusted(name, endpoint, allowed); err != nil {
			return Endpoints{}, err
		}
	}
	return found, nil
}

// trusted refuses an endpoint outside the allowed origins. An endpoint that the metadata leave out is not used.
func trusted(name, endpoint string, allowed []string) error {
	if endpoint == "" {
		return nil
	}
	u, err := safeURL(endpoint)
	if err != nil {
		return &exit.Error{Code: exit.Refused, Hint: "nothing was sent there; ask the operator of the issuer", Err: fmt.Errorf("the issuer's %s %q %w", name, endpoint, err)}
	}
	if origin := originOf(u); !slices.Contains(allowed, origin) {
		return &exit.Error{
			Code: exit.Refused, Hint: "nothing was sent there; to allow it, add --endpoint-origin " + u.Scheme + "://" + u.Host,
			Err: fmt.Errorf("the issuer's %s %q is at another origin than the issuer", name, endpoint),
		}
	}
	return nil
}

// metadataOf reads the metadata of an issuer.
func metadataOf(ctx context.Context, issuer string) (Endpoints, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return Endpoints{}, exit.Usagef("--issuer %s: is not a URL", issuer)
	}
	response, err := httpClient().Do(request)
	if err != nil {
		return Endpoints{}, fmt.Errorf("the issuer cannot be reached: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	var found Endpoints
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&found)
	switch {
	case response.StatusCode != http.StatusOK:
		return Endpoints{}, &exit.Error{Code: exit.Failed, Hint: "name the issuer as the server's own setting has it",
			Err: fmt.Errorf("%s answers %s where the metadata should be", issuer, response.Status)}
	case err != nil:
		return Endpoints{}, &exit.Error{Code: exit.Failed, Err: fmt.Errorf("%s does not answer with metadata", issuer)}
	case found.Issuer != issuer:
		return Endpoints{}, &exit.Error{Code: exit.Failed, Hint: "name the issuer as the server's own setting has it",
			Err: fmt.Errorf("the metadata at %s are of the issuer %s", issuer, found.Issuer)}
	}
	return found, nil
}
