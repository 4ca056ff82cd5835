package redisstore

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Sweeps implements store.Sweeps.
type Sweeps struct {
	db    *redisconn.DB
	names names

	claim, mark, unlist, sessions *redisconn.Script
}

// NewSweeps makes the store of tasks that one daemon does for all.
func NewSweeps(db *redisconn.DB) *Sweeps {
	s := &Sweeps{
		db: db, names: namesOf(db), claim: script("sweep_claim"), mark: script("sweep_mark"),
		unlist: script("unlist"), sessions: script("sessions_tidy"),
	}
	db.Use(s.claim, s.mark, s.unlist, s.sessions)
	return s
}

// Claim implements store.Sweeps.
func (s *Sweeps) Claim(ctx context.Context, c store.Claim, now time.Time) (string, bool, error) {
	answer, err := s.db.Write(ctx, "sweeps.claim", s.claim, []string{s.names.lease(c.Task)},
		c.Holder, now.UnixMilli(), c.Every.Milliseconds(), c.Hold.Milliseconds())
	if err != nil {
		return "", false, err
	}
	said, err := words(answer)
	if err != nil || len(said) != 2 || said[0] != "1" {
		return "", false, err
	}
	return said[1], true, nil
}

// Mark implements store.Sweeps.
func (s *Sweeps) Mark(ctx context.Context, c store.Claim, cursor string, now time.Time) (bool, error) {
	answer, err := s.db.Write(ctx, "sweeps.mark", s.mark, []string{s.names.lease(c.Task)},
		c.Holder, now.UnixMilli(), c.Hold.Milliseconds(), cursor)
	if err != nil {
		return false, err
	}
	n, err := count(answer)
	return n == 1, err
}

// settled is how old a grant is before its absence means that it is dead: its user's list names it a
// moment before it is there.
const settled = time.Hour

// Tidy implements store.Sweeps.
func (s *Sweeps) Tidy(ctx context.Context, user oauth.UserID, now time.Time) (int, error) {
	answer, err := s.db.Write(ctx, "sweeps.tidy", s.sessions, []string{s.names.userSessions(user)}, now.UnixMilli())
	if err != nil {
		return 0, err
	}
	sessions, err := count(answer)
	if err != nil {
		return 0, err
	}
	dead, err := s.dead(ctx, user, now)
	if err != nil {
		return int(sessions), err
	}
	removed := int(sessions)
	for some := range slices.Chunk(dead, unlistMost) {
		answer, err := s.db.Write(ctx, "sweeps.tidy", s.unlist, []string{s.names.userGrants(user)}, some...)
		if err != nil {
			return removed, err
		}
		n, err := count(answer)
		if err != nil {
			return removed, err
		}
		removed += int(n)
	}
	return removed, nil
}

// unlistMost is how many members a script is told at a time.
const unlistMost = 1000

// dead lists those of a user's grants that are not there any more.
func (s *Sweeps) dead(ctx context.Context, user oauth.UserID, now time.Time) ([]any, error) {
	index := redis.NewZSliceCmd(ctx, "zrange", s.names.userGrants(user), 0, -1, "withscores")
	if err := s.db.Read(ctx, "sweeps.tidy", index); err != nil {
		return nil, err
	}
	var old []any
	var cmds []redis.Cmder
	for _, one := range index.Val() {
		if ref, ok := one.Member.(string); ok && int64(one.Score) < now.Add(-settled).UnixMilli() {
			old = append(old, ref)
			cmds = append(cmds, redis.NewIntCmd(ctx, "exists", s.names.grant(oauth.GrantRef(ref))))
		}
	}
	if err := s.db.Read(ctx, "sweeps.tidy", cmds...); err != nil {
		return nil, err
	}
	var dead []any
	for i, cmd := range cmds {
		if cmd.(*redis.IntCmd).Val() == 0 {
			dead = append(dead, old[i])
		}
	}
	return dead, nil
}
