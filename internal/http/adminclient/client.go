package adminclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// Options configure a Client of a remote server.
type Options struct {
	// Server is the operators' listener, such as http://127.0.0.1:9090.
	Server string
	// Token returns the access token. It is called before every request, and may renew the token.
	Token func(context.Context) (string, error)
	// HTTP sends the requests; nil means a client with a timeout of 30 seconds.
	HTTP *http.Client
}

// Client calls the admin API. It is safe for concurrent use.
type Client struct {
	base  string
	token func(context.Context) (string, error)
	http  *http.Client
}

// New returns a Client, or an error that describes a wrong address.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("server %q: want http://host:port or https://host:port", o.Server)
	}
	c := &Client{base: strings.TrimSuffix(o.Server, "/") + adminwire.Base, token: o.Token, http: o.HTTP}
	if c.http == nil {
		// Do not follow redirects: they would send the body, which may hold a password, elsewhere.
		c.http = &http.Client{
			Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return c, nil
}

// Local returns a Client of an API in this process, which needs no token.
func Local(api http.Handler) *Client {
	return &Client{base: "http://localhost" + adminwire.Base, http: &http.Client{Transport: inProcess{api}}}
}

// inProcess passes requests to a handler.
type inProcess struct{ api http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.Host, r.RemoteAddr = r.URL.Host, "127.0.0.1:0"
	w := &answer{header: http.Header{}, status: http.StatusOK}
	p.api.ServeHTTP(w, r)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r,
	}, nil
}

// answer buffers the response of a handler.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header            { return a.header }
func (a *answer) WriteHeader(status int)         { a.status = status }
func (a *answer) Write(part []byte) (int, error) { return a.body.Write(part) }

// Problem is a refusal of the server.
type Problem struct{ adminwire.Problem } //nolint:errname // RFC 9457 calls it so, and so does the API

// Error returns the server's explanation.
func (p *Problem) Error() string {
	var parts []string
	if p.Detail != "" {
		parts = append(parts, p.Detail)
	}
	for _, f := range p.Errors {
		at := strings.ReplaceAll(strings.TrimPrefix(f.Pointer, "/"), "/", ".") + f.Parameter
		if f.Detail != p.Detail && at != "" {
			parts = append(parts, at+" "+f.Detail)
		}
	}
	if len(parts) == 0 {
		return p.Title
	}
	return strings.Join(parts, "; ")
}

// Kind returns the kind of problem, such as not-found.
func (p *Problem) Kind() string { return strings.TrimPrefix(p.Type, adminwire.ProblemType) }

// Is reports whether an error is a problem of a kind, such as not-found.
func Is(err error, kind string) bool {
	problem, ok := errors.AsType[*Problem](err)
	return ok && problem.Kind() == kind
}

// Condition is a condition for a change. The zero Condition always holds.
type Condition struct {
	Revision uint64 // only this one
	Absent   bool   // of PutClient: only if the client does not exist
}

func (c Condition) set(h http.Header) {
	if c.Revision > 0 {
		h.Set("If-Match", fmt.Sprintf("%q", fmt.Sprint(c.Revision)))
	}
	if c.Absent {
		h.Set("If-None-Match", "*")
	}
}

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         any
	patch        bool
	condition    Condition
}

const maxAnswer = 8 << 20

// fetch makes a call and decodes the answer.
func fetch[T any](ctx context.Context, c *Client, one call) (T, error) {
	var got T
	_, err := c.do(ctx, one, &got)
	return got, err
}

// do makes a call and decodes the answer into out, unless out is nil; a *[]byte gets the answer as it is.
func (c *Client) do(ctx context.Context, one call, out any) (status int, err error) {
	request, err := c.request(ctx, one)
	if err != nil {
		return 0, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, fmt.Errorf("the admin API cannot be reached: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("the answer of the admin API broke off: %w", err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return response.StatusCode, problemOf(response, raw)
	}
	if out == nil || response.StatusCode == http.StatusNoContent {
		return response.StatusCode, nil
	}
	if file, ok := out.(*[]byte); ok {
		*file = raw
		return response.StatusCode, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return response.StatusCode, fmt.Errorf("the answer of the admin API is not JSON; hint: is %s the operators' listener?", c.base)
	}
	return response.StatusCode, nil
}

func (c *Client) request(ctx context.Context, one call) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if one.body != nil {
		raw, err := json.Marshal(one.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	address := c.base + one.path
	if len(one.query) > 0 {
		address += "?" + one.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, one.method, address, body)
	if err != nil {
		return nil, err
	}
	switch {
	case one.body != nil && one.patch:
		request.Header.Set("Content-Type", "application/merge-patch+json")
	case one.body != nil:
		request.Header.Set("Content-Type", "application/json")
	}
	one.condition.set(request.Header)
	if c.token == nil {
		return request, nil
	}
	token, err := c.token(ctx)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return request, nil
}

func problemOf(response *http.Response, raw []byte) error {
	p := &Problem{}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(raw, &p.Problem) != nil {
		return fmt.Errorf("the admin API answered %s; hint: is this the operators' listener?", response.Status)
	}
	return p
}
