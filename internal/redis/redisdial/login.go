package redisdial

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Credentials are the names and passwords for Redis nodes and for Sentinels.
type Credentials struct {
	Username, Password                 string // of a Redis node
	SentinelUsername, SentinelPassword string
}

// Login holds the credentials that new connections use. They may change while connections exist: Redis does not end a
// connection whose password is removed. It is safe for concurrent use.
type Login struct{ current atomic.Pointer[Credentials] }

// NewLogin returns a Login with its first credentials.
func NewLogin(c Credentials) *Login {
	l := &Login{}
	l.Use(c)
	return l
}

// Use makes new connections use c.
func (l *Login) Use(c Credentials) { l.current.Store(&c) }

// Credentials returns those that new connections use.
func (l *Login) Credentials() Credentials {
	if l == nil {
		return Credentials{}
	}
	return *l.current.Load()
}

func (l *Login) node() (username, password string) {
	c := l.Credentials()
	return c.Username, c.Password
}

func (l *Login) sentinel() (username, password string) {
	c := l.Credentials()
	return c.SentinelUsername, c.SentinelPassword
}

// toSentinels is the hook of a failover client, whose driver takes the password of the Sentinels once and for all: it
// logs in where the driver could not, and then calls next.
func (l *Login) toSentinels(next Hook) Hook {
	return func(ctx context.Context, conn *redis.Conn) error {
		if username, password := l.sentinel(); password != "" {
			if err := conn.Ping(ctx).Err(); err != nil && strings.HasPrefix(err.Error(), "NOAUTH") {
				if err := authenticate(ctx, conn, username, password); err != nil {
					return err
				}
			}
		}
		if next == nil {
			return nil
		}
		return next(ctx, conn)
	}
}

func authenticate(ctx context.Context, conn *redis.Conn, username, password string) error {
	if username == "" {
		return conn.Auth(ctx, password).Err()
	}
	return conn.AuthACL(ctx, username, password).Err()
}

// Refused reports whether a server answered that it does not accept a name and password.
func Refused(err error) bool {
	if err == nil {
		return false
	}
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error()
		for _, prefix := range []string{"WRONGPASS", "NOAUTH", "NOPERM", "ERR AUTH", "ERR Client sent AUTH"} {
			if strings.HasPrefix(text, prefix) {
				return true
			}
		}
	}
	return false
}
