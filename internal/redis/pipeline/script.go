package pipeline

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by their SHA-1; it protects nothing here.
	"embed"
	"encoding/hex"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Script is a Lua script and the name by which Redis knows it. It touches keys of one hash slot.
type Script struct {
	source string
	sha    string
	redo   Redo // nil when a run establishes nothing that must not be undone
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
	return &command{Cmder: redis.NewCmd(ctx, r.Script.words(r.Call)...), once: true}
}

// NewScript makes a script from its source.
func NewScript(source string) *Script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // see the import
	return &Script{source: source, sha: hex.EncodeToString(sum[:])}
}

// Establishing records that a run of the script may establish a fact that must not be undone, and how to establish
// it again.
func (s *Script) Establishing(redo Redo) *Script {
	s.redo = redo
	return s
}

// words are a call as Redis reads it.
func (s *Script) words(call Call) []any {
	words := make([]any, 0, 3+len(call.Keys)+len(call.Args))
	words = append(words, "evalsha", s.sha, len(call.Keys))
	for _, key := range call.Keys {
		words = append(words, key)
	}
	return append(words, call.Args...)
}

// Library is the set of scripts that every new connection loads before it is used, so that after a
// failover to a node that never saw them no request has to be sent twice. It is safe for concurrent use.
type Library struct {
	mu      sync.RWMutex
	scripts []*Script
}

// Add makes scripts known. A source that several stores run is loaded once. Every write calls it with its script, so a
// known one takes no exclusive lock.
func (l *Library) Add(scripts ...*Script) {
	for _, s := range scripts {
		l.mu.RLock()
		known := l.has(s)
		l.mu.RUnlock()
		if known {
			continue
		}
		l.mu.Lock()
		if !l.has(s) {
			l.scripts = append(l.scripts, s)
		}
		l.mu.Unlock()
	}
}

func (l *Library) has(s *Script) bool {
	return slices.ContainsFunc(l.scripts, func(known *Script) bool { return known.sha == s.sha })
}

// loader is a connection, or a client of one node.
type loader interface{ Pipeline() redis.Pipeliner }

// Load loads every known script, through a connection or a client of one node.
func (l *Library) Load(ctx context.Context, to loader) error {
	l.mu.RLock()
	scripts := slices.Clone(l.scripts)
	l.mu.RUnlock()
	if len(scripts) == 0 {
		return nil
	}
	pipe := to.Pipeline()
	for _, s := range scripts {
		pipe.ScriptLoad(ctx, s.source)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// Embedded makes a script from lua/<name>.lua of a package's embedded files.
func Embedded(files embed.FS, name string) *Script {
	source, err := files.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic("redis: " + err.Error()) // a wrong name; the tests build every script
	}
	return NewScript(string(source))
}
