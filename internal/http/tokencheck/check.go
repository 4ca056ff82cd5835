package tokencheck

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

const (
	requestTimeout = 10 * time.Second
	retryInterval  = 500 * time.Millisecond
	maxAnswer      = 1 << 20
	deleteTimeout  = 30 * time.Second
)

// ErrNoAnswer is the error of a check that waited in vain for a server that answers.
var ErrNoAnswer = errors.New("the server did not answer in time")

// Check names the server under test.
type Check struct {
	Issuer string
	URL    string // where the server is reached; empty: the issuer
	CAFile string // authorities to trust besides those of the system
	Report func(step string)
}

// endpoints holds the members of the issuer's metadata that the check uses.
type endpoints struct {
	Issuer     string `json:"issuer"`
	Token      string `json:"token_endpoint"`
	Introspect string `json:"introspection_endpoint"`
	Revoke     string `json:"revocation_endpoint"`
}

// trial is one run of a check, with its client.
type trial struct {
	Check
	web    *http.Client
	found  endpoints
	id     string
	secret secret.Text
}

// Run registers a client, and returns nil if a token of it was issued, active, revoked and inactive, in this order. The
// client is deleted in any case. A server that does not answer yet is asked again until ctx ends.
func (c Check) Run(ctx context.Context, api *adminclient.Client) (err error) {
	t := &trial{Check: c, id: "token-check-" + strings.ToLower(rand.Text())}
	if t.web, err = c.client(); err != nil {
		return err
	}
	if err := t.untilReady(ctx, func() error { return t.discover(ctx) }); err != nil {
		return err
	}
	made, err := api.CreateClient(ctx, adminwire.ClientForm{Client: oauth.Client{
		ID: oauth.ClientID(t.id), Name: "token check", GrantTypes: []string{oauth.GrantClientCredentials},
	}})
	if err != nil {
		return fmt.Errorf("registering a client: %w", err)
	}
	t.secret = made.Secret
	defer func() {
		// Delete the client even if the check was interrupted.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
		defer cancel()
		err = errors.Join(err, api.DeleteClient(last, t.id, adminclient.Condition{}))
	}()
	return t.run(ctx)
}

func (t *trial) run(ctx context.Context) error {
	var token secret.Text
	if err := t.untilReady(ctx, func() (err error) { token, err = t.get(ctx); return err }); err != nil {
		return err
	}
	t.Report("got a token from " + t.found.Token)
	if err := t.introspect(ctx, token, true); err != nil {
		return err
	}
	t.Report("the token is active at " + t.found.Introspect)
	if _, err := t.post(ctx, t.found.Revoke, url.Values{"token": {token.Reveal()}}); err != nil {
		return err
	}
	t.Report("revoked it at " + t.found.Revoke)
	if err := t.introspect(ctx, token, false); err != nil {
		return err
	}
	t.Report("the token is inactive")
	return nil
}

// notReadyError is an answer that a later attempt may change: the server starts, or has not yet learnt of the client.
type notReadyError struct{ error }

func (e notReadyError) Unwrap() error { return e.error }

func (t *trial) untilReady(ctx context.Context, try func() error) error {
	var cause error
	for {
		err := try()
		if _, again := errors.AsType[notReadyError](err); !again {
			return err
		}
		if cause == nil || ctx.Err() == nil { // an attempt that the time limit cut off says less than the one before it
			cause = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrNoAnswer, cause)
		case <-time.After(retryInterval):
		}
	}
}

func (t *trial) discover(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Issuer+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return fmt.Errorf("the issuer %s is not a URL", t.Issuer)
	}
	raw, err := t.answer(request)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &t.found); err != nil {
		return fmt.Errorf("%s does not answer with metadata", request.URL)
	}
	if t.found.Issuer != t.Issuer {
		return fmt.Errorf("the metadata are of the issuer %q, not of %q", t.found.Issuer, t.Issuer)
	}
	for _, endpoint := range []string{t.found.Token, t.found.Introspect, t.found.Revoke} {
		if !strings.HasPrefix(endpoint, t.Issuer+"/") {
			return fmt.Errorf("the endpoint %q is not below the issuer", endpoint)
		}
	}
	return nil
}

func (t *trial) get(ctx context.Context) (secret.Text, error) {
	raw, err := t.post(ctx, t.found.Token, url.Values{"grant_type": {oauth.GrantClientCredentials}})
	if err != nil {
		return "", err
	}
	var got struct {
		Token secret.Text `json:"access_token"`
	}
	if err := json.Unmarshal(raw, &got); err != nil || got.Token == "" {
		return "", fmt.Errorf("%s: the answer has no access_token", t.found.Token)
	}
	return got.Token, nil
}

func (t *trial) introspect(ctx context.Context, token secret.Text, want bool) error {
	raw, err := t.post(ctx, t.found.Introspect, url.Values{"token": {token.Reveal()}})
	if err != nil {
		return err
	}
	var got struct {
		Active *bool `json:"active"`
	}
	if err := json.Unmarshal(raw, &got); err != nil || got.Active == nil {
		return fmt.Errorf("%s: the answer has no member active", t.found.Introspect)
	}
	if *got.Active != want {
		return fmt.Errorf("%s: active is %t, want %t", t.found.Introspect, *got.Active, want)
	}
	return nil
}

func (t *trial) post(ctx context.Context, endpoint string, form url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(t.id), url.QueryEscape(t.secret.Reveal()))
	return t.answer(request)
}

// answer returns the body of a 200.
func (t *trial) answer(request *http.Request) ([]byte, error) {
	response, err := t.web.Do(request)
	if err != nil {
		return nil, notReadyError{err}
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, notReadyError{err}
	case response.StatusCode == http.StatusOK:
		return raw, nil
	}
	var problem struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(raw, &problem) // a proxy in between may answer otherwise
	err = fmt.Errorf("%s answers %s: %s %s", request.URL, response.Status, problem.Code, problem.Description)
	if response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusUnauthorized {
		return nil, notReadyError{err}
	}
	return nil, err
}

// client returns an HTTP client that sends requests for the issuer to URL. They keep the issuer's name, in the Host
// header and towards TLS.
func (c Check) client() (*http.Client, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("the issuer %q is not a URL", c.Issuer)
	}
	to, err := url.Parse(cmp.Or(c.URL, c.Issuer))
	if err != nil || to.Host == "" {
		return nil, fmt.Errorf("--url %q is not a URL", c.URL)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: issuer.Hostname()}
	if c.CAFile != "" {
		pem, err := smallfile.Read(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file %s: no certificate in it", c.CAFile)
		}
	}
	return &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     redirected{to: to, by: &http.Transport{TLSClientConfig: config}},
	}, nil
}

// redirected sends every request to one server.
type redirected struct {
	to *url.URL
	by http.RoundTripper
}

func (r redirected) RoundTrip(request *http.Request) (*http.Response, error) {
	sent := request.Clone(request.Context())
	sent.Host = request.URL.Host
	sent.URL.Scheme, sent.URL.Host = r.to.Scheme, r.to.Host
	return r.by.RoundTrip(sent)
}
