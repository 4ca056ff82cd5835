package redisconn

import (
	"github.com/recipe-web-app/oauth2d/internal/redis/durable"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// The types that callers of a DB pass and receive, so that they import this package alone.
type (
	Script = pipeline.Script
	Call   = pipeline.Call
	Redo   = pipeline.Redo
	Redone = pipeline.Redone
	State  = durable.State
)

// State returns the state of strict durability behind Sentinels now; false where there is none.
func (db *DB) State() (State, bool) {
	if db.sentinels == nil {
		return State{}, false
	}
	return db.sentinels.State(), true
}
