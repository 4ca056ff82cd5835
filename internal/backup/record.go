package backup

import (
	"bytes"
	"context"
	"strings"
)

// Record is a key of Redis, without its value.
type Record struct {
	Key     []byte
	Expires int64 // in ms since 1970; 0: never
	Version byte  // of the form in which Redis wrote the value
}

// Sink receives records, one after the other. Write gets the value between Begin and End.
type Sink interface {
	// Begin starts a record. When it returns false the value is left out, and neither Write nor End is called.
	Begin(r Record) (wanted bool, err error)
	Write(p []byte) (int, error)
	End() error
}

// Origin is the Redis that a backup is taken from.
type Origin interface {
	// Copy sends every record to the sink, as it was at one instant: of the whole database, or, in a cluster, of each
	// shard. The records of several shards do not mix: one is ended before the next begins.
	Copy(ctx context.Context, to Sink) (Source, error)
}

// prefix begins the names of all keys of a kind.
func (k Kind) prefix() string { return string(k) + ":" }

// kindOf returns the words with which the names of all keys of a kind of record begin: auth:grant, auth:revoked:token,
// cache:<service>:<type>. The braces of a cluster's tags are left out.
func kindOf(key []byte) string {
	words := strings.SplitN(string(bytes.Map(dropBraces, key)), ":", 5)
	count := 2
	if len(words) > 3 && (words[0] == string(Cache) || words[1] == "revoked") {
		count = 3
	}
	return strings.Join(words[:min(count, len(words))], ":")
}

func dropBraces(r rune) rune {
	if r == '{' || r == '}' {
		return -1
	}
	return r
}
