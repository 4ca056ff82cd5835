package redisstore

import (
	"embed"
	"errors"
	"fmt"

	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

//go:embed lua/*.lua
var sources embed.FS

// script loads lua/<name>.lua, which is part of the binary.
func script(name string) *redisconn.Script {
	source, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic("redisstore: " + err.Error()) // a wrong name; every one is built by the tests
	}
	return pipeline.NewScript(string(source))
}

// errAnswer says that a script answered what it never answers.
var errAnswer = errors.New("redisstore: a script gave an answer of an unknown form")

// words reads a script's answer that is a list of strings.
func words(answer any) ([]string, error) {
	list, ok := answer.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %T", errAnswer, answer)
	}
	texts := make([]string, len(list))
	for i, one := range list {
		if texts[i], ok = one.(string); !ok {
			return nil, fmt.Errorf("%w: a list of %T", errAnswer, one)
		}
	}
	return texts, nil
}

// count reads a script's answer that is a number.
func count(answer any) (int64, error) {
	n, ok := answer.(int64)
	if !ok {
		return 0, fmt.Errorf("%w: %T", errAnswer, answer)
	}
	return n, nil
}
