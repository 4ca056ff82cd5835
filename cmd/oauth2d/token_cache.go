package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// envTokenCache is the folder in which access tokens of clients are kept for their life; "off" keeps none.
const envTokenCache = prefixCLI + "TOKEN_CACHE"

// keptToken is an access token in its file, which only this user can read.
type keptToken struct {
	Access  string    `json:"access_token"`
	Expires time.Time `json:"expires_at"`
}

// tokenFile is where the token of a client is kept; "" when none is kept. The name depends on the secret,
// too: another secret, also a wrong one, does not get the token.
func (s *shared) tokenFile(id identity, secret string) string {
	folder := s.getenv(envTokenCache)
	if folder == "off" || id.Refresh != "" || secret == "" {
		return ""
	}
	if folder == "" {
		cache := s.getenv("XDG_CACHE_HOME")
		if cache == "" {
			home := s.getenv("HOME")
			if home == "" {
				return ""
			}
			cache = filepath.Join(home, ".cache")
		}
		folder = filepath.Join(cache, "oauth2d")
	}
	digest := sha256.New()
	for _, part := range []string{id.Issuer, id.ClientID, secret} {
		digest.Write([]byte(part))
		digest.Write([]byte{0})
	}
	return filepath.Join(folder, "token-"+hex.EncodeToString(digest.Sum(nil)[:16])+".json")
}

// readToken reads a kept token that is still good. A file that others can read is not trusted.
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
	token := &oauth2.Token{AccessToken: kept.Access, Expiry: kept.Expires}
	if !token.Valid() || token.Expiry.IsZero() {
		return nil
	}
	return token
}

// keepToken keeps a token. Not to be able to costs a request later, and nothing else. Of two commands that write
// at once the last one stays: both tokens are good, and a reader finds one of them as a whole.
func keepToken(name string, token *oauth2.Token) {
	if name == "" || token.Expiry.IsZero() {
		return
	}
	raw, err := json.Marshal(keptToken{token.AccessToken, token.Expiry}) //nolint:gosec // G117: the token is what the file is for; nobody else may read it
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err == nil {
		_ = writePrivate(name, raw)
	}
}

// writePrivate writes a file for nobody else to read. A reader finds the old file or the new one.
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
		_ = os.Remove(fresh.Name()) // it is of no use to anybody
	}
	return err
}

// wallet returns the access token for the admin API: the kept one while it is good, and a new one when it
// has run out or was refused. It is safe for concurrent use.
type wallet struct {
	s    *shared
	id   identity
	mu   sync.Mutex
	held *oauth2.Token
	kept bool // held comes out of the file, and may have been revoked since
}

// token returns the token to be shown.
func (w *wallet) token(ctx context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held.Valid() {
		return w.held.AccessToken, nil
	}
	secret, err := w.id.clientSecret()
	if err != nil {
		return "", err
	}
	name := w.s.tokenFile(w.id, secret)
	if w.held == nil {
		if w.held = readToken(name); w.held != nil {
			w.kept = true
			return w.held.AccessToken, nil
		}
	}
	return w.renew(ctx, name)
}

func (w *wallet) renew(ctx context.Context, name string) (string, error) {
	got, err := w.s.fetch(ctx, w.id)
	if err != nil {
		return "", err
	}
	w.held, w.kept = got, false
	keepToken(name, got)
	return got.AccessToken, nil
}

// replaced returns another token for one that was refused; false when that one was new itself. Of any number
// of concurrent requests with a refused token one gets a new one, and all use it.
func (w *wallet) replaced(ctx context.Context, refused string) (string, bool) {
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
	secret, err := w.id.clientSecret()
	if err != nil {
		return "", false
	}
	token, err := w.renew(ctx, w.s.tokenFile(w.id, secret))
	return token, err == nil
}

// RoundTrip implements http.RoundTripper: a request whose kept token is refused is sent again with a new
// one. It was not carried out, so it may be, whatever its method is.
func (w *wallet) RoundTrip(r *http.Request) (*http.Response, error) {
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
