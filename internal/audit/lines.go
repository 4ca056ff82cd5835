package audit

import (
	"bufio"
	"context"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// tell takes facts from the queue, writes their lines and passes them on to the keeper. It never waits
// for the store, so that the lines go on while the store is away.
func (l *Log) tell() {
	lines := bufio.NewWriterSize(l.o.Lines, 64<<10)
	defer close(l.bodies)
	for {
		select {
		case t := <-l.queue:
			l.record(lines, t)
			continue
		default:
		}
		_ = lines.Flush() // a line that cannot be written is in the store, and the next one fails as well
		select {
		case t := <-l.queue:
			l.record(lines, t)
		case <-l.closing:
			l.drain(lines)
			return
		}
	}
}

// drain records what is left.
func (l *Log) drain(lines *bufio.Writer) {
	for {
		select {
		case t := <-l.queue:
			l.record(lines, t)
		default:
			l.recount(lines)
			_ = lines.Flush() // see tell
			return
		}
	}
}

func (l *Log) record(lines *bufio.Writer, q queued) {
	l.recount(lines)
	if q.passed != nil {
		_ = lines.Flush() // see tell
		l.bodies <- body{passed: q.passed}
		return
	}
	l.write(lines, q)
}

// recount makes an entry of what was dropped since the last one.
func (l *Log) recount(lines *bufio.Writer) {
	if n := l.lost.Swap(0); n > 0 {
		l.write(lines, l.drop("", n))
	}
}

func (l *Log) write(lines *bufio.Writer, q queued) {
	line := l.fact(q).encode()
	_, _ = lines.Write(append(line, '\n')) // see tell
	if l.o.Keep == 0 {
		return
	}
	select {
	case l.bodies <- body{json: line}:
	default:
		l.unkept.Add(1)
	}
}

// drop makes a fact of a number of facts that were lost, and tells it.
func (l *Log) drop(where string, n int64) queued {
	l.dropped.Add(n)
	fact := event.AuditDropped{Where: where, Count: int(n)}
	l.o.Own.Emit(context.Background(), fact)
	l.o.Log.Error("facts were dropped from the audit log", "where", where, "count", n)
	return queued{at: l.o.Now(), event: fact}
}
