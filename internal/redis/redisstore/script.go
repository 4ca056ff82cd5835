package redisstore

import (
	"embed"

	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

//go:embed lua/*.lua lua/shared/*.lua
var sources embed.FS

// scripts returns a function that makes a script from lua/<name>.lua, which is part of the binary.
func scripts(db *redisconn.DB) func(name string) *redisconn.Script {
	return func(name string) *redisconn.Script { return db.Scripts().Embedded(sources, name) }
}

// errAnswer is returned for an answer of a form that the script never returns.
var errAnswer = pipeline.ErrAnswer

// words reads the answer of a script that returns a list of strings.
func words(answer any) ([]string, error) { return pipeline.Words(answer) }

// count reads the answer of a script that returns a number.
func count(answer any) (int64, error) { return pipeline.Number(answer) }
