// Package commit owns how a change is carried through once it has begun: its caller cannot break it off,
// and its outcome is recorded whatever happened.
//
// The risk is a caller that disconnects between the moment at which the store commits and the moment at
// which the daemon reads the reply. On the request's own context the verb would then report an error,
// skip its later steps, and leave a change that no entry of the audit log shows.
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

// Begin returns the context on which a change runs from its first write on. It keeps the values of ctx
// (the origin of the request, its trace) but neither its cancellation nor its deadline, and ends after
// TimeLimit. A change that is a step of another one shares the time of that one. When ctx has ended
// already, nothing is written: a caller that left before the change began gets no change.
func Begin(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Value(begunKey{}) != nil || ctx.Err() != nil {
		return context.WithCancel(ctx)
	}
	begun := context.WithValue(context.WithoutCancel(ctx), begunKey{}, true)
	return context.WithTimeout(begun, TimeLimit)
}

// OutcomeOf says how a change ended that returned err: the zero Outcome, which is Done, without an error;
// Failed when a rule refused it; Unknown when the store could not be asked or did not acknowledge, so that all of the change, a part
// or nothing may have happened.
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
