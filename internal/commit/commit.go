package commit

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// TimeLimit bounds a change, from its first write to its last.
const TimeLimit = 15 * time.Second

type begunKey struct{}

// Begin returns the context on which a change runs from its first write on. It keeps the values of ctx (the origin of
// the request, its trace) but neither its cancellation nor its deadline, and ends after TimeLimit. A change that is a
// step of another change shares its time limit. When ctx has already ended, nothing is written: a caller that
// disconnected before the change began gets no change.
func Begin(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Value(begunKey{}) != nil || ctx.Err() != nil {
		return context.WithCancel(ctx)
	}
	begun := context.WithValue(context.WithoutCancel(ctx), begunKey{}, true)
	return context.WithTimeout(begun, TimeLimit)
}

// OutcomeOf returns the outcome of a change that returned err: Done, which is the zero Outcome, for nil; Failed when a
// rule refused the change; Unknown when the store could not be reached or did not acknowledge. After Unknown all of the
// change, a part of it, or nothing may have happened.
func OutcomeOf(err error) event.Outcome {
	if err == nil {
		return ""
	}
	switch oauth.AsError(err).Code { //nolint:exhaustive // every other code is a refusal
	case oauth.TemporarilyUnavailable, oauth.ServerError:
		return event.Unknown
	}
	return event.Failed
}
