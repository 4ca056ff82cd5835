// Package event owns what happened: one type a fact, told once to one Sink. The audit log and the
// counters listen; no rule writes a log line or moves a counter by itself.
package event

import "context"

// Event is a fact. Its exported fields are what the audit log records; none may hold a secret.
type Event interface {
	// Name is the fact's stable name, such as "code.replayed".
	Name() string
}

// Outcome is how a change ended. A fact of something that changed has a field Outcome; the zero Outcome
// is Done.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // everything is committed
	Failed  Outcome = "failed"  // it was refused; the entry shows what had been changed before, if anything
	Unknown Outcome = "unknown" // the store could not be asked or did not acknowledge: all, a part or nothing was changed
)

// IsDone reports whether everything is committed.
func (o Outcome) IsDone() bool { return o == "" || o == Done }

// Sink is told every fact. Emit never blocks the request it is called in and never fails.
// It is safe for concurrent use.
type Sink interface {
	Emit(ctx context.Context, e Event)
}

// Sinks tells every one of its members.
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

type originKey struct{}

// WithOrigin keeps the origin of a request in its context.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf gives the origin of a request; zero when there is none.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
