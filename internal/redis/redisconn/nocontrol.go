//go:build !waitone

package redisconn

import "github.com/recipe-web-app/oauth2d/internal/redis/pipeline"

// controls are durabilities that exist only for the fault harness; the daemon has none.
func controls() []Durability { return nil }

func (db *DB) controlSender() pipeline.Sender { return nil }
