package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
)

// Workload is one kind of operation at one subject.
type Workload struct {
	Name string
	// Scarce: every operation uses up a prepared credential.
	Scarce bool
	// Connections is the number of connections; 0: as many as the benchmark uses.
	Connections int
	// Prepare makes at least count credentials before each measurement; nil: nothing is needed.
	Prepare func(ctx context.Context, count int) error
	// NewCall returns the operation of connection i.
	NewCall func(c *load.Conn, i int) load.Call
	// Verify looks closer at some of the results after a measurement; nil: each answer was checked completely.
	Verify func(ctx context.Context) error
}

// check decides whether an answer is right. It may be used by several goroutines.
type check func(a load.Answer) error

// fixed sends the same requests again and again, each connection from another one on.
func fixed(requests [][]byte, right check) func(c *load.Conn, i int) load.Call {
	return func(c *load.Conn, i int) load.Call {
		n := i * len(requests) / 64
		return func() error {
			n++
			a, err := c.Do(requests[n%len(requests)])
			if err != nil {
				return err
			}
			return right(a)
		}
	}
}

// tokenSet is a token response.
type tokenSet struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// tokens reads a token response.
func tokens(a load.Answer) (tokenSet, error) {
	var t tokenSet
	if err := decode(a, &t); err != nil {
		return t, err
	}
	if t.AccessToken == "" || t.TokenType != "Bearer" || t.ExpiresIn <= 0 {
		return t, unexpected(a)
	}
	return t, nil
}

// introspected is the part of an introspection response that is checked.
type introspected struct {
	Active   bool   `json:"active"`
	ClientID string `json:"client_id"`
}

// active accepts the introspection response of a live token of a client.
func active(client string) check {
	return func(a load.Answer) error {
		var i introspected
		if err := decode(a, &i); err != nil {
			return err
		}
		if !i.Active || i.ClientID != client {
			return unexpected(a)
		}
		return nil
	}
}

// aboutSomebody accepts the claims of a user.
func aboutSomebody(a load.Answer) error {
	var person struct {
		Subject string `json:"sub"`
	}
	if err := decode(a, &person); err != nil {
		return err
	}
	if person.Subject == "" {
		return unexpected(a)
	}
	return nil
}

// done accepts every answer with the status 200.
func done(a load.Answer) error {
	if a.Status != http.StatusOK {
		return unexpected(a)
	}
	return nil
}

// same accepts only one body.
func same(body string) check {
	return func(a load.Answer) error {
		if a.Status != http.StatusOK || string(a.Body) != body {
			return unexpected(a)
		}
		return nil
	}
}

func decode(a load.Answer, into any) error {
	if a.Status != http.StatusOK {
		return unexpected(a)
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return errors.Join(unexpected(a), err)
	}
	return nil
}

func unexpected(a load.Answer) error {
	return fmt.Errorf("unexpected answer: %d %.300s", a.Status, a.Body)
}

// party is a client as it authenticates.
type party struct{ host, id, secret string }

// post builds a request with Basic authentication (RFC 6749 §2.3.1).
func (p party) post(path string, form url.Values) []byte {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	return load.Request{
		Method: http.MethodPost, Path: path, Host: p.host, Header: map[string]string{"Authorization": r.Header.Get("Authorization")}, Form: form.Encode(),
	}.Bytes()
}

// bearing builds a GET request with an access token (RFC 6750 §2.1).
func bearing(host, path, token string) []byte {
	return load.Request{Method: http.MethodGet, Path: path, Host: host, Header: map[string]string{"Authorization": "Bearer " + token}}.Bytes()
}

// supply holds prepared credentials, each for one request. It is safe for concurrent use between two fills.
type supply[T any] struct {
	all  []T
	used atomic.Int64
}

func (s *supply[T]) fill(all []T) {
	s.all = all
	s.used.Store(0)
}

// next returns an unused one, or load.ErrExhausted when all are used.
func (s *supply[T]) next() (T, error) {
	n := int(s.used.Add(1) - 1)
	if n >= len(s.all) {
		var none T
		return none, load.ErrExhausted
	}
	return s.all[n], nil
}

// samples are the last results of each connection, for Verify.
type samples[T any] struct {
	mu  sync.Mutex
	all []*T
}

// add makes room for the results of one connection.
func (s *samples[T]) add() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := new(T)
	s.all = append(s.all, one)
	return one
}

// take returns the samples and forgets them.
func (s *samples[T]) take() []*T {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}
