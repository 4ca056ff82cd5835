package pipeline

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by their SHA-1; it protects nothing here.
	"embed"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Script is a Lua script and the name by which Redis knows it. It touches keys of one hash slot. A Library makes it, so
// that every connection has loaded it before it runs.
type Script struct {
	sha  any  // its SHA-1, a string
	list bool // it returns a list of strings
	redo Redo // nil when a run establishes nothing that must not be undone
}

// Call is one run of a script.
type Call struct {
	Keys []string
	Args []any
}

// Redo returns the call that establishes again, on another server, what a run of a script established. The call may be
// repeated, and changes nothing where it ran before. nil means that the run established nothing.
type Redo func(call Call, answer any) *Redone

// Redone is such a call.
type Redone struct {
	Script *Script
	Call
}

// Command returns the command of the call. The driver sends it once.
func (r *Redone) Command(ctx context.Context) redis.Cmder {
	return &command{Cmder: r.Script.command(ctx, r.Call), once: true}
}

// List records that the script returns a list of strings.
func (s *Script) List() *Script {
	s.list = true
	return s
}

// Establishing records that a run of the script may establish a fact that must not be undone, and how to establish
// it again.
func (s *Script) Establishing(redo Redo) *Script {
	s.redo = redo
	return s
}

// command is a call in the form of the driver.
func (s *Script) command(ctx context.Context, call Call) redis.Cmder {
	words := make([]any, 0, 3+len(call.Keys)+len(call.Args))
	words = append(words, "evalsha", s.sha, len(call.Keys))
	for _, key := range call.Keys {
		words = append(words, key)
	}
	words = append(words, call.Args...)
	if s.list {
		return redis.NewStringSliceCmd(ctx, words...)
	}
	return redis.NewCmd(ctx, words...)
}

// Library is the set of scripts that every new connection loads before it is used, so that after a
// failover to a node that never saw them no request has to be sent twice. It is safe for concurrent use.
type Library struct {
	mu      sync.RWMutex
	sources map[string]string // by SHA-1: a source that several stores run is loaded once
}

// Script makes a script from its source.
func (l *Library) Script(source string) *Script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // see the import
	sha := hex.EncodeToString(sum[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sources == nil {
		l.sources = make(map[string]string)
	}
	l.sources[sha] = source
	return &Script{sha: sha}
}

// Embedded makes a script from lua/<name>.lua of a package's embedded files. A line "-- include shared/<part>" stands
// for lua/shared/<part>.lua.
func (l *Library) Embedded(files embed.FS, name string) *Script {
	source := read(files, name)
	for line := range strings.Lines(source) {
		if part, found := strings.CutPrefix(strings.TrimSpace(line), "-- include "); found {
			source = strings.Replace(source, line, read(files, part), 1)
		}
	}
	return l.Script(source)
}

func read(files embed.FS, name string) string {
	source, err := files.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic("redis: " + err.Error()) // a wrong name; the tests build every script
	}
	return string(source)
}

// loader is a connection, or a client of one node.
type loader interface{ Pipeline() redis.Pipeliner }

// Load loads every known script, through a connection or a client of one node.
func (l *Library) Load(ctx context.Context, to loader) error {
	pipe := to.Pipeline()
	l.mu.RLock()
	for _, source := range l.sources {
		pipe.ScriptLoad(ctx, source)
	}
	l.mu.RUnlock()
	_, err := pipe.Exec(ctx)
	return err
}
