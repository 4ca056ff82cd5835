package serverstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// roster is one hash: daemon:ID "ms entry", since:SECRET ms, changed:USER ms.
const roster = "auth:daemons"

// Rosters implements store.Rosters.
type Rosters struct {
	db   *redisconn.DB
	note *redisconn.Script
}

// NewRosters returns the store of the roster.
func NewRosters(db *redisconn.DB) *Rosters {
	script := scripts(db)
	r := &Rosters{db: db, note: script("roster_note")}
	return r
}

// Note implements store.Rosters.
func (r *Rosters) Note(ctx context.Context, n store.Note, now time.Time) error {
	args := []any{now.UnixMilli(), n.Forget.Milliseconds(), n.Daemon, n.Entry}
	for _, name := range n.Seen {
		args = append(args, name)
	}
	_, err := r.db.Write(ctx, "roster.note", r.note, []string{roster}, args...)
	return err
}

// Roster implements store.Rosters.
func (r *Rosters) Roster(ctx context.Context) (store.Roster, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", roster)
	if err := r.db.Read(ctx, "roster.load", cmd); err != nil {
		return store.Roster{}, err
	}
	found := store.Roster{Entries: map[string]store.RosterEntry{}, Since: map[string]time.Time{}, Changed: map[string]time.Time{}}
	for field, value := range cmd.Val() {
		kind, name, _ := strings.Cut(field, ":")
		stamp, entry, _ := strings.Cut(value, " ")
		ms, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			continue // of a later release
		}
		switch at := time.UnixMilli(ms).UTC(); kind {
		case "daemon":
			found.Entries[name] = store.RosterEntry{At: at, Entry: []byte(entry)}
		case "since":
			found.Since[name] = at
		case "changed":
			found.Changed[name] = at
		}
	}
	return found, nil
}
