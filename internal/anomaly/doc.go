// Package anomaly owns the patterns that only many events together show: one token that many callers
// introspect, and a caller that is denied introspections. It listens to the events of one server, remembers a
// bounded part of them, and emits events of its own.
package anomaly
