package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// envTokenCache names the folder that holds access tokens of clients until they expire; "off" stores none.
const envTokenCache = console.EnvPrefix + "TOKEN_CACHE"

// keptToken is the content of a token's file, which only this user can read.
type keptToken struct {
	Access  secret.Text `json:"access_token"`
	Expires time.Time   `json:"expires_at"`
}

// LogValue hides the token from slog.
func (k keptToken) LogValue() slog.Value { return slog.StringValue(k.Access.String()) }

// tokenFile returns the file that holds the token of a client; "" when none is stored. The name depends on the secret,
// too, so that a caller with a wrong secret does not get the token.
func (s *Store) tokenFile(id Identity, own secret.Text) string {
	folder := s.Console.Getenv(envTokenCache)
	if folder == "off" || id.Refresh != "" || own == "" {
		return ""
	}
	if folder == "" {
		cache := s.Console.Getenv("XDG_CACHE_HOME")
		if cache == "" {
			home := s.Console.Getenv("HOME")
			if home == "" {
				return ""
			}
			cache = filepath.Join(home, ".cache")
		}
		folder = filepath.Join(cache, "oauth2d")
	}
	digest := sha256.New()
	for _, part := range []string{id.Issuer, id.ClientID, own.Reveal()} {
		digest.Write([]byte(part))
		digest.Write([]byte{0})
	}
	return filepath.Join(folder, "token-"+hex.EncodeToString(digest.Sum(nil)[:16])+".json")
}

// readToken reads a stored token; nil when there is none that is still valid. A file that others can read is not trusted.
func readToken(name string) *oauth2.Token {
	info, err := os.Stat(name)
	if name == "" || err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil
	}
	raw, err := smallfile.Read(name)
	if err != nil {
		return nil
	}
	var kept keptToken
	if json.Unmarshal(raw, &kept) != nil {
		return nil
	}
	token := &oauth2.Token{AccessToken: kept.Access.Reveal(), Expiry: kept.Expires}
	if !token.Valid() || token.Expiry.IsZero() {
		return nil
	}
	return token
}

// keepToken stores a token. Errors are ignored: they cost a request later, and nothing else. Of two commands that write
// at once the last one wins: both tokens are valid, and a reader finds one of them complete.
func keepToken(name string, token *oauth2.Token) {
	if name == "" || token.Expiry.IsZero() {
		return
	}
	raw, err := json.Marshal(keptToken{secret.Text(token.AccessToken), token.Expiry}) //nolint:gosec // G117: the file exists to hold the token; nobody else may read it
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err == nil {
		_ = writePrivate(name, raw)
	}
}

// writePrivate writes a file that only this user can read. A concurrent reader finds the old file or the new one.
func writePrivate(name string, raw []byte) error {
	fresh, err := os.CreateTemp(filepath.Dir(name), ".new-*") // with 0600
	if err != nil {
		return err
	}
	_, err = fresh.Write(append(raw, '\n'))
	err = errors.Join(err, fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), name)
	}
	if err != nil {
		_ = os.Remove(fresh.Name()) // it is incomplete
	}
	return err
}

// TokenSource returns the access token for the admin API: the stored one while it is valid, and a new one when that
// expired or was refused. It is safe for concurrent use.
type TokenSource struct {
	s    *Store
	id   Identity
	mu   sync.Mutex
	held *oauth2.Token
	kept bool // held was read from the file, and may have been revoked since
}

// Tokens returns the source of tokens for an identity.
func (s *Store) Tokens(id Identity) *TokenSource { return &TokenSource{s: s, id: id} }

// HTTPClient returns an HTTP client that replaces a refused token and sends the request again.
func (w *TokenSource) HTTPClient() *http.Client {
	client := httpClient()
	client.Transport = w
	return client
}

// Token returns the token for the next request.
func (w *TokenSource) Token(ctx context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held.Valid() {
		return w.held.AccessToken, nil
	}
	own, err := w.id.clientSecret()
	if err != nil {
		return "", err
	}
	name := w.s.tokenFile(w.id, own)
	if w.held == nil {
		if w.held = readToken(name); w.held != nil {
			w.kept = true
			return w.held.AccessToken, nil
		}
	}
	return w.renew(ctx, name)
}

func (w *TokenSource) renew(ctx context.Context, name string) (string, error) {
	got, err := w.s.Fetch(ctx, w.id)
	if err != nil {
		return "", err
	}
	w.held, w.kept = got, false
	keepToken(name, got)
	return got.AccessToken, nil
}

// replaced returns another token for one that was refused; false when the refused one was new itself. Of any number of
// concurrent requests with a refused token exactly one gets a new token, and all use it.
func (w *TokenSource) replaced(ctx context.Context, refused string) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		return "", false
	}
	if w.held.AccessToken != refused { // another request of this command replaced it meanwhile
		return w.held.AccessToken, w.held.Valid()
	}
	if !w.kept {
		return "", false
	}
	own, err := w.id.clientSecret()
	if err != nil {
		return "", false
	}
	token, err := w.renew(ctx, w.s.tokenFile(w.id, own))
	return token, err == nil
}

// RoundTrip implements http.RoundTripper: a request whose stored token is refused is sent again with a new one. That is
// safe for every method, because a refused request was not carried out.
func (w *TokenSource) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil {
		return answer, err
	}
	const scheme = "Bearer "
	shown := r.Header.Get("Authorization")
	if len(shown) <= len(scheme) {
		return answer, nil
	}
	token, ok := w.replaced(r.Context(), shown[len(scheme):])
	if !ok {
		return answer, nil
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return answer, nil //nolint:nilerr // the first answer stands
		}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // so that the connection is used again
	_ = answer.Body.Close()
	again.Header.Set("Authorization", scheme+token)
	return http.DefaultTransport.RoundTrip(again)
}
