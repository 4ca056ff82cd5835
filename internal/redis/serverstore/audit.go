package serverstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Audit implements store.Audit: a stream, and a string with its head.
type Audit struct {
	db        *redisconn.DB
	log, head string // the keys
	add       *redisconn.Script
}

// NewAudit returns the store of the audit log.
func NewAudit(db *redisconn.DB) *Audit {
	script := scripts(db)
	a := &Audit{db: db, add: script("audit_append")}
	a.log, a.head = auditKeys(db)
	return a
}

// Append implements store.Audit.
func (a *Audit) Append(ctx context.Context, batch store.AuditAppend) (string, error) {
	args := []any{batch.Was, batch.Head, batch.Keep}
	for _, e := range batch.Entries {
		args = append(args, e.Seq, e.Key, e.Previous, e.Hash, e.Body)
	}
	answer, err := a.db.Write(ctx, "audit.append", a.add, []string{a.log, a.head}, args...)
	if err != nil {
		return "", err
	}
	place, ok := answer.(string)
	switch {
	case !ok:
		return "", fmt.Errorf("%w: %T", pipeline.ErrAnswer, answer)
	case place == "":
		return "", store.Conflict
	}
	return place, nil
}

// End implements store.Audit.
func (a *Audit) End(ctx context.Context) (store.AuditEnd, error) {
	head := redis.NewStringCmd(ctx, "get", a.head)
	count := redis.NewIntCmd(ctx, "xlen", a.log)
	last := redis.NewXMessageSliceCmd(ctx, "xrevrange", a.log, "+", "-", "count", 1)
	if err := a.db.Read(ctx, "audit.end", head, count, last); err != nil {
		return store.AuditEnd{}, err
	}
	end := store.AuditEnd{Head: head.Val(), Count: int(count.Val())}
	for _, message := range last.Val() {
		end.Last = message.ID
	}
	return end, nil
}

// Read implements store.Audit.
func (a *Audit) Read(ctx context.Context, r store.AuditRange) ([]store.AuditEntry, error) {
	first, last := "-", "+"
	if r.Since > 0 {
		first = strconv.FormatInt(r.Since, 10)
	}
	args := []any{"xrange", a.log}
	switch {
	case r.Newest && r.After != "":
		last = "(" + r.After
	case r.After != "":
		first = "(" + r.After // places grow: an entry behind it is late enough when it was
	}
	if r.Newest {
		args[0] = "xrevrange"
		first, last = last, first
	}
	cmd := redis.NewXMessageSliceCmd(ctx, append(args, first, last, "count", r.Limit)...)
	if err := a.db.Read(ctx, "audit.read", cmd); err != nil {
		return nil, err
	}
	entries := make([]store.AuditEntry, 0, len(cmd.Val()))
	for _, message := range cmd.Val() {
		entries = append(entries, entryOf(message))
	}
	return entries, nil
}

// entryOf reads one entry. A missing or malformed field is left empty: verification must report such an entry, not fail
// at it.
func entryOf(message redis.XMessage) store.AuditEntry {
	text := func(name string) string {
		value, _ := message.Values[name].(string)
		return value
	}
	seq, _ := strconv.ParseUint(text("seq"), 10, 64) // see above
	return store.AuditEntry{
		Place: message.ID, Seq: seq, Key: text("key"), Previous: text("previous"), Hash: text("hash"), Body: []byte(text("fact")),
	}
}
