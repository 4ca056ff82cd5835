package redisconn

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by their SHA-1; it protects nothing here.
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

// NewScript makes a script from its source.
func NewScript(source string) *Script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // see the import
	return &Script{source: source, sha: hex.EncodeToString(sum[:])}
}

// Establishing says that a run of the script may establish what must not be undone, and how to make
// sure of it.
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

// library is the set of scripts that every new connection loads before it is used, so that after a
// failover to a node that never saw them no request has to be sent twice.
type library struct {
	mu      sync.RWMutex
	scripts []*Script
}

func (l *library) add(scripts ...*Script) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range scripts {
		if !slices.Contains(l.scripts, s) {
			l.scripts = append(l.scripts, s)
		}
	}
}

// loader is what a script can be loaded through: a connection, or a client of one node.
type loader interface{ Pipeline() redis.Pipeliner }

func (l *library) load(ctx context.Context, to loader) error {
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
