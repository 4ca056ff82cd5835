package main

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

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// patience is how long one question to a server may take.
const patience = 30 * time.Second

// asking is the HTTP client for issuers and for the admin API. It follows no redirect: a secret or a code in the body of a
// request would go wherever the redirect points.
func asking() *http.Client {
	return &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// withHTTP bounds what the oauth2 library asks.
func withHTTP(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, asking())
}

// endpoints is what we need of an issuer's metadata (RFC 8414). The URLs were checked: they are https,
// or http on this machine, and of the issuer's origin or one that the user named.
type endpoints struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Revoke    string `json:"revocation_endpoint"`
}

// client is a client of the issuer, with no redirect URI yet.
func (e endpoints) client(id, secret string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if secret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: id, ClientSecret: secret, Endpoint: oauth2.Endpoint{AuthURL: e.Authorize, TokenURL: e.Token, AuthStyle: style},
	}
}

// safeURL reads a URL that secrets may be sent to: https, or http to this machine.
func safeURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("is not an https URL")
	case u.Scheme == "http" && !oauth.IsLoopbackHost(u.Hostname()):
		return nil, errors.New("uses http on a host that is not this machine: whoever is on the way would read what is sent")
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("holds a user name or a fragment")
	}
	return u, nil
}

// originOf is the scheme, host and port of a URL.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// origins are the issuer's own origin and those that the user allowed its endpoints to have besides.
func (id identity) origins(issuer *url.URL) ([]string, error) {
	all := []string{originOf(issuer)}
	for _, text := range id.Origins {
		u, err := safeURL(text)
		if err != nil {
			return nil, usage("--endpoint-origin %s: %w", text, err)
		}
		all = append(all, originOf(u))
	}
	return all, nil
}

// discover reads the metadata of an issuer and makes sure that they are its own (RFC 8414 §3.3) and
// that its endpoints can be trusted with secrets and with the browser of the person at the terminal.
func (id identity) discover(ctx context.Context) (endpoints, error) {
	issuer := strings.TrimSuffix(id.Issuer, "/")
	u, err := safeURL(issuer)
	if err != nil {
		return endpoints{}, usage("--issuer %s: %w", issuer, err)
	}
	allowed, err := id.origins(u)
	if err != nil {
		return endpoints{}, err
	}
	found, err := metadataOf(ctx, issuer)
	if err != nil {
		return endpoints{}, err
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": found.Authorize, "token_endpoint": found.Token, "revocation_endpoint": found.Revoke,
	} {
		if err := trusted(name, endpoint, allowed); err != nil {
			return endpoints{}, err
		}
	}
	return found, nil
}

// trusted refuses an endpoint that is somewhere else than allowed. One that the metadata leave out is
// never asked.
func trusted(name, endpoint string, allowed []string) error {
	if endpoint == "" {
		return nil
	}
	u, err := safeURL(endpoint)
	if err != nil {
		return &problem{code: exitRefused, hint: "nothing was sent there; ask whoever runs the issuer", err: fmt.Errorf("the issuer's %s %q %w", name, endpoint, err)}
	}
	if origin := originOf(u); !slices.Contains(allowed, origin) {
		return &problem{
			code: exitRefused, hint: "nothing was sent there; if that is meant, add --endpoint-origin " + u.Scheme + "://" + u.Host,
			err: fmt.Errorf("the issuer's %s %q is at another origin than the issuer", name, endpoint),
		}
	}
	return nil
}

// metadataOf reads the metadata of an issuer.
func metadataOf(ctx context.Context, issuer string) (endpoints, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return endpoints{}, usage("--issuer %s: is not a URL", issuer)
	}
	response, err := asking().Do(request)
	if err != nil {
		return endpoints{}, fmt.Errorf("the issuer cannot be reached: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	var found endpoints
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&found)
	switch {
	case response.StatusCode != http.StatusOK:
		return endpoints{}, &problem{code: exitFailed, hint: "name the issuer as the server's own setting has it",
			err: fmt.Errorf("%s answers %s where the metadata should be", issuer, response.Status)}
	case err != nil:
		return endpoints{}, &problem{code: exitFailed, err: fmt.Errorf("%s answers something else than metadata", issuer)}
	case found.Issuer != issuer:
		return endpoints{}, &problem{code: exitFailed, hint: "name the issuer as the server's own setting has it",
			err: fmt.Errorf("the metadata at %s are of the issuer %s", issuer, found.Issuer)}
	}
	return found, nil
}
