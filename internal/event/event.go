package event

import "context"

// Event is one thing that happened. The audit log records its exported fields under the names of their
// `audit` tags. The names actor, subject, client_id and outcome are members of an entry of their own, every
// other name is a member of its details. No field holds a secret.
type Event interface {
	// Name returns the stable name of the event, such as "code.replayed".
	Name() string
}

// Outcome names the end of a change. An event that reports a change has a field Outcome; the zero Outcome is
// Done.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // everything is committed
	Failed  Outcome = "failed"  // it was refused; the entry shows what had been changed before, if anything
	Unknown Outcome = "unknown" // the store could not be reached or did not acknowledge: all, a part or nothing was changed
)

// IsDone reports whether everything is committed.
func (o Outcome) IsDone() bool { return o == "" || o == Done }

// Sink receives events. Emit never blocks the request that it is called in, and it never fails. It is safe
// for concurrent use.
type Sink interface {
	Emit(ctx context.Context, e Event)
}

// Sinks passes every event on to each of its members, in their order.
type Sinks []Sink

// Emit implements Sink.
func (s Sinks) Emit(ctx context.Context, e Event) {
	for _, sink := range s {
		sink.Emit(ctx, e)
	}
}

// Origin is where a request came from.
type Origin struct {
	RequestID string
	IP        string
	UserAgent string
}

// OriginKey is the key of a *Origin in the context of a request.
type OriginKey struct{}

// WithOrigin returns a context that holds the origin of a request.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, OriginKey{}, &o)
}

// OriginOf returns the origin of the request that ctx belongs to; the zero Origin when there is none.
func OriginOf(ctx context.Context) Origin {
	if o, ok := ctx.Value(OriginKey{}).(*Origin); ok {
		return *o
	}
	return Origin{}
}
