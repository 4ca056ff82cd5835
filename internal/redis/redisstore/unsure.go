package redisstore

import (
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The bounds of what is remembered of unknown outcomes.
const (
	unsureFor  = 30 * time.Second
	unsureMost = 1 << 14
)

// unsure remembers the presentations whose outcome nobody learned. When the same one comes again it
// is a retry, not a replay, however strict the grace is otherwise. It is safe for concurrent use.
type unsure struct {
	mu   sync.Mutex
	seen map[shown]time.Time // until when
}

// shown is what makes two presentations the same one.
type shown struct {
	grant     oauth.GrantRef
	serial    uint32
	presenter oauth.Digest
}

func shownBy(p store.Presentation) shown { return shown{p.Grant, p.Serial, p.Presenter} }

// grace is how long ago this presentation may have been honoured before.
func (u *unsure) grace(p store.Presentation) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if until, found := u.seen[shownBy(p)]; found && p.Now.Before(until) {
		return max(p.Grace, unsureFor)
	}
	return p.Grace
}

// learn takes note of an error after which the credential may be spent or not.
func (u *unsure) learn(p store.Presentation, err error) {
	var failed *outcome.Error
	if !errors.As(err, &failed) || !failed.Unknown() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.seen == nil {
		u.seen = make(map[shown]time.Time)
	}
	if len(u.seen) >= unsureMost {
		maps.DeleteFunc(u.seen, func(_ shown, until time.Time) bool { return !p.Now.Before(until) })
	}
	if _, found := u.seen[shownBy(p)]; !found && len(u.seen) < unsureMost {
		u.seen[shownBy(p)] = p.Now.Add(unsureFor)
	}
}
