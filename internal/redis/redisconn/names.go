package redisconn

import (
	"github.com/recipe-web-app/oauth2d/internal/redis/durable"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// Script is a Lua script. It and the types below are those that callers of a DB pass and receive; with them here, they
// import this package alone.
type Script = pipeline.Script

// Call is one run of a script.
type Call = pipeline.Call

// Redo returns the call that establishes again what a run of a script established.
type Redo = pipeline.Redo

// Redone is such a call.
type Redone = pipeline.Redone

// State is the state of strict durability behind Sentinels.
type State = durable.State

// State returns the state of strict durability behind Sentinels now; false where there is none.
func (db *DB) State() (State, bool) {
	if db.sentinels == nil {
		return State{}, false
	}
	return db.sentinels.State(), true
}
