package ceiling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// Options are those of a ceiling process.
type Options struct {
	Listen  string // the ceilings
	Control string // /health/ready and /metrics, as the daemon's operators' listener
	Redis   string
	Answers string // file
}

// Serve serves all ceilings until ctx ends.
func Serve(ctx context.Context, o Options) error {
	answers, err := readAnswers(o.Answers)
	if err != nil {
		return err
	}
	b, err := open(ctx, o.Redis)
	if err != nil {
		return err
	}
	routes, err := b.routes(answers)
	if err != nil {
		return err
	}
	failed := make(chan error, 2) // the process ends with the listeners open
	for addr, handler := range map[string]http.Handler{o.Listen: routes, o.Control: control()} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
		go func() { failed <- server.Serve(listener) }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// routes are the ceilings, each below its letter.
func (b *backend) routes(answers map[string]Answer) (http.Handler, error) {
	token, introspection := answers[TokenAnswer], answers[IntrospectAnswer]
	r := chi.NewRouter()
	for path, answer := range map[string]Answer{"/a/metadata": answers[MetadataAnswer], "/a/keys": answers[KeysAnswer]} {
		body := []byte(answer.Body)
		r.Get(path, func(w http.ResponseWriter, _ *http.Request) { answer.write(w, body) })
	}
	fixed := []byte(token.Body)
	for path, work := range map[string]func(r *http.Request) error{
		"/a":  func(*http.Request) error { return nil },
		"/b":  func(r *http.Request) error { return b.plain.Get(r.Context(), clientKey).Err() },
		"/bp": func(r *http.Request) error { return b.shared.Get(r.Context(), clientKey).Err() },
		"/c":  func(r *http.Request) error { _, err := b.store(r.Context(), b.plain); return err },
		"/d":  b.readClient,
	} {
		r.Post(path, func(w http.ResponseWriter, r *http.Request) {
			if parsed(w, r) && done(w, work(r)) {
				token.write(w, fixed)
			}
		})
	}
	r.Post("/e", b.issue(token, b.readClient, b.plain))
	r.Post("/f", b.issue(token, b.checkClient, b.shared))
	r.Post("/g", b.introspect(introspection))
	r.Post("/gf", b.readAndWrite(introspection))
	r.Get("/gg", b.readTwice(introspection))
	for _, algorithm := range Algorithms() {
		s, err := newSigner(algorithm)
		if err != nil {
			return nil, err
		}
		r.Post("/j/"+algorithm, b.sign(token, s))
		if algorithm == Algorithms()[0] {
			r.Post("/fj", b.issueWithID(token, s))
		}
	}
	return r, nil
}

var errCredentials = errors.New("wrong client credentials")

// readClient reads the client from Redis and checks its secret.
func (b *backend) readClient(r *http.Request) error {
	digest, err := b.plain.Get(r.Context(), clientKey).Bytes()
	if err == nil && !authenticated(r, digest) {
		return errCredentials
	}
	return err
}

// checkClient checks the secret against the client in memory.
func (b *backend) checkClient(r *http.Request) error {
	if !authenticated(r, b.digest[:]) {
		return errCredentials
	}
	return nil
}

// tokenBody is a token response (RFC 6749 §5.1).
type tokenBody struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
	Refresh     string `json:"refresh_token,omitempty"`
	ID          string `json:"id_token,omitempty"`
}

func (b *backend) issue(answer Answer, check func(*http.Request) error, by evalsher) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !parsed(w, r) || !done(w, check(r)) {
			return
		}
		token, err := b.store(r.Context(), by)
		respond(w, answer, tokenBody{AccessToken: token, TokenType: "Bearer", ExpiresIn: lifetime, Scope: "read"}, err)
	}
}

// issueWithID answers as issue does, with a refresh token and an ID token.
func (b *backend) issueWithID(answer Answer, s signer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !parsed(w, r) || !done(w, b.checkClient(r)) {
			return
		}
		token, err := b.store(r.Context(), b.shared)
		if !done(w, err) {
			return
		}
		id, err := s.sign(time.Now())
		respond(w, answer, tokenBody{token, "Bearer", lifetime, "openid read", newToken() + newToken(), id}, err)
	}
}

func (b *backend) sign(answer Answer, s signer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !parsed(w, r) || !done(w, b.checkClient(r)) {
			return
		}
		token, err := s.sign(time.Now())
		respond(w, answer, tokenBody{AccessToken: token, TokenType: "Bearer", ExpiresIn: lifetime, Scope: "read"}, err)
	}
}

// stored is a token as Redis keeps it.
type stored struct {
	Client  string `redis:"client"`
	Scope   string `redis:"scope"`
	Issued  int64  `redis:"iat"`
	Expires int64  `redis:"exp"`
	For     string `redis:"aud"`
	Subject string `redis:"sub"`
}

// introspection is an introspection response (RFC 7662 §2.2).
type introspection struct {
	Active    bool   `json:"active"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope"`
	TokenType string `json:"token_type"`
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	Issued    int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expires   int64  `json:"exp"`
}

func (b *backend) introspect(answer Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !parsed(w, r) || !done(w, b.checkClient(r)) {
			return
		}
		var t stored
		err := b.shared.HGetAll(r.Context(), keyOf(r.PostForm.Get("token"))).Scan(&t)
		respond(w, answer, introspection{
			Active: t.Expires > time.Now().Unix(), ClientID: t.Client, Scope: t.Scope, TokenType: "Bearer", Issuer: "https://login.test",
			Subject: t.Subject, Audience: t.For, Issued: t.Issued, NotBefore: t.Issued, Expires: t.Expires,
		}, err)
	}
}

// readAndWrite reads a token and then writes one: two round trips.
func (b *backend) readAndWrite(answer Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !parsed(w, r) || !done(w, b.checkClient(r)) {
			return
		}
		var t stored
		if !done(w, b.shared.HGetAll(r.Context(), keyOf(r.PostForm.Get("token"))).Scan(&t)) {
			return
		}
		if _, err := b.store(r.Context(), b.shared); done(w, err) {
			answer.write(w, nil)
		}
	}
}

// person is a response of /userinfo (OIDC Core §5.3.2).
type person struct {
	Subject string `json:"sub"`
}

// readTwice reads the token that a request bears, and then another record: two round trips.
func (b *backend) readTwice(answer Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := keyOf(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		var t stored
		if !done(w, b.shared.HGetAll(r.Context(), key).Scan(&t)) {
			return
		}
		err := b.shared.HGetAll(r.Context(), key).Scan(&t)
		respond(w, answer, person{Subject: t.Subject}, err)
	}
}

// parsed parses the form.
func parsed(w http.ResponseWriter, r *http.Request) bool { return done(w, r.ParseForm()) }

// done answers 500 if there is an error, and reports whether there is none.
func done(w http.ResponseWriter, err error) bool {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return false
	}
	return true
}

func respond(w http.ResponseWriter, answer Answer, body any, err error) {
	if !done(w, err) {
		return
	}
	raw, err := json.Marshal(body)
	if done(w, err) {
		answer.write(w, raw)
	}
}

// control serves the two routes of the daemon's operators' listener that a benchmark reads.
func control() http.Handler {
	r := chi.NewRouter()
	r.Get("/health/ready", func(http.ResponseWriter, *http.Request) {})
	r.Get("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
		metrics.Read(samples)
		_, _ = fmt.Fprintf(w, "go_memstats_mallocs_total %d\n", samples[0].Value.Uint64()+samples[1].Value.Uint64()) // the caller has disconnected
	})
	return r
}
