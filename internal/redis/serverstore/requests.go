package serverstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Requests implements store.Requests. A request is a string with a time to live.
type Requests struct {
	db *redisconn.DB

	put *redisconn.Script
}

// NewRequests returns the store of authorization requests.
func NewRequests(db *redisconn.DB) *Requests {
	script := scripts(db)
	r := &Requests{db: db, put: script("request_keep")}
	return r
}

// Keep implements store.Requests.
func (r *Requests) Keep(ctx context.Context, name oauth.Digest, sealed string, life time.Duration) error {
	_, err := r.db.Write(ctx, "requests.keep", r.put, []string{request(name)}, sealed, life.Milliseconds())
	return err
}

// Get implements store.Requests.
func (r *Requests) Get(ctx context.Context, name oauth.Digest) (string, error) {
	cmd := redis.NewStringCmd(ctx, "get", request(name))
	if err := r.db.Read(ctx, "requests.get", cmd); err != nil {
		return "", err
	}
	sealed, err := cmd.Result()
	if errors.Is(err, redis.Nil) {
		err = store.Absent
	}
	return sealed, err
}
