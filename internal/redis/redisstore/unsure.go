package redisstore

import (
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The bounds of the memory of unknown outcomes.
const (
	unsureFor  = 30 * time.Second
	unsureMost = 1 << 14
)

// unsure remembers presentations with an unknown outcome, and until when. The same presentation again counts as a retry
// and not as a replay, even if the grace is over. It is safe for concurrent use.
type unsure struct {
	until *memo.Map[shown, time.Time] // by the caller's clock
}

func newUnsure(now func() time.Time) unsure {
	return unsure{memo.NewMap[shown](memo.Options[time.Time]{Limit: unsureMost, Life: unsureFor, Now: now})}
}

// shown identifies a presentation.
type shown struct {
	grant     oauth.GrantRef
	serial    uint32
	presenter oauth.Digest
}

func shownBy(p store.Presentation) shown { return shown{p.Grant, p.Serial, p.Presenter} }

// grace returns for how long after the spending this presentation counts as a retry.
func (u unsure) grace(p store.Presentation) time.Duration {
	if until, found := u.until.Get(shownBy(p)); found && p.Now.Before(until) {
		return max(p.Grace, unsureFor)
	}
	return p.Grace
}

// learn remembers a presentation after an error that leaves open whether the credential was spent.
func (u unsure) learn(p store.Presentation, err error) {
	var failed *outcome.Error
	if errors.As(err, &failed) && failed.Unknown() {
		u.until.Put(shownBy(p), p.Now.Add(unsureFor))
	}
}
