//go:build !waitone

package redisstore_test

import "github.com/recipe-web-app/oauth2d/internal/redis/redisconn"

const weaker = redisconn.Relaxed
