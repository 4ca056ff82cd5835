package redisstore

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Sweeps implements store.Sweeps.
type Sweeps struct {
	db    *redisconn.DB
	names names

	revocations *Revocations

	claim, mark, sessions *redisconn.Script
}

// NewSweeps returns the store of tasks that one daemon does for all.
func NewSweeps(db *redisconn.DB) *Sweeps {
	script := scripts(db)
	s := &Sweeps{
		db: db, names: namesOf(db), revocations: NewRevocations(db), claim: script("sweep_claim").List(), mark: script("sweep_mark"),
		sessions: script("sessions_tidy"),
	}
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

// Tidy implements store.Sweeps.
func (s *Sweeps) Tidy(ctx context.Context, user oauth.UserID, now time.Time) (int, error) {
	answer, err := s.db.Write(ctx, "sweeps.tidy", s.sessions, []string{s.names.userSessions(user)},
		s.db.Stamp(now), settled.Milliseconds())
	if err != nil {
		return 0, err
	}
	sessions, err := count(answer)
	if err != nil {
		return 0, err
	}
	removed := int(sessions)
	// Read this before the reap: an ending that is raised during the reap may leave grants that the reap does not see.
	before, err := s.revocations.latest(ctx, user)
	if err != nil {
		return removed, err
	}
	for q := (store.GrantQuery{User: user, Limit: tidyPage}); ; {
		reaped, err := s.revocations.Reap(ctx, q)
		removed += reaped.Ended + reaped.Gone
		if err != nil {
			return removed, err
		}
		if q.After = reaped.Next; q.After == "" {
			break
		}
	}
	return removed, s.revocations.forget(ctx, user, before, now)
}

// tidyPage is the number of grants that one step reads.
const tidyPage = 500
