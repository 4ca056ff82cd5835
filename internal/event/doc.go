// Package event owns the events of the daemon: one type each, emitted once to one Sink. The audit log and the
// metrics listen to them; a rule emits an event and neither writes a log line nor moves a counter.
package event
