package ceiling

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// The client of every ceiling.
const (
	ClientID     = "bench"
	ClientSecret = "GycFbohWJBBuiko0KOiHcG_cBBfapPHamsQkUDOxqyA" // public: these servers hold nothing
)

// Tokens is the number of tokens that ceiling g knows.
const Tokens = 256

const (
	clientKey  = "bench:client:" + ClientID
	indexKey   = "bench:tokens:" + ClientID
	tokenKey   = "bench:access_token:"
	lifetime   = 900
	dialBudget = 5 * time.Second
)

// Token returns one of the tokens that ceiling g knows.
func Token(n int) string { return fmt.Sprintf("%038d", n%Tokens) }

// putToken stores a token.
var putToken = redis.NewScript(`
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('SADD', KEYS[2], ARGV[2])
return 1`)

// backend is Redis in both ways of use: a connection for each caller, and a pipeline that callers share.
type backend struct {
	plain  *redis.Client
	shared *redis.AutoPipeliner
	digest [sha256.Size]byte // of the client's secret
}

func open(ctx context.Context, addr string) (*backend, error) {
	client := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true, PoolSize: 64, DialTimeout: dialBudget})
	b := &backend{plain: client, digest: sha256.Sum256([]byte(ClientSecret))}
	var err error
	if b.shared, err = client.AutoPipeline(); err != nil {
		return nil, err
	}
	if err := client.Set(ctx, clientKey, b.digest[:], 0).Err(); err != nil {
		return nil, err
	}
	if err := putToken.Load(ctx, client).Err(); err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	for n := range Tokens {
		if err := client.HSet(ctx, keyOf(Token(n)), fields(now, 24*3600)...).Err(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// newToken draws a token of the daemon's length.
func newToken() string {
	raw := make([]byte, 28)
	_, _ = rand.Read(raw) // it never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return tokenKey + base64.RawURLEncoding.EncodeToString(sum[:])[:26]
}

func fields(now, life int64) []any {
	return []any{
		"client", ClientID, "scope", "read", "iat", strconv.FormatInt(now, 10), "exp", strconv.FormatInt(now+life, 10),
		"aud", "https://login.test", "sub", ClientID,
	}
}

// evalsher is a connection or a pipeline.
type evalsher interface {
	EvalSha(ctx context.Context, sha1 string, keys []string, args ...any) *redis.Cmd
}

// store writes a new token in one round trip, and returns it.
func (b *backend) store(ctx context.Context, by evalsher) (string, error) {
	token := newToken()
	key := keyOf(token)
	args := append([]any{lifetime, key[len(tokenKey):]}, fields(time.Now().Unix(), lifetime)...)
	return token, by.EvalSha(ctx, putToken.Hash(), []string{key, indexKey}, args...).Err()
}

// authenticated compares the Basic credentials with a digest.
func authenticated(r *http.Request, digest []byte) bool {
	id, secret, ok := r.BasicAuth()
	sum := sha256.Sum256([]byte(secret))
	return ok && id == ClientID && subtle.ConstantTimeCompare(sum[:], digest) == 1
}
