package audit

import (
	"bufio"
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// writeLines takes facts from the queue, writes their lines and passes them on to the keeper. A line waits for others
// for a moment, to be written with them. writeLines never waits for the store, so that lines are also written while the
// store does not answer.
func (l *Log) writeLines() {
	lines := bufio.NewWriterSize(l.o.Lines, 64<<10)
	defer close(l.bodies)
	linger := time.NewTimer(l.o.Linger)
	defer linger.Stop()
	for {
		select {
		case q := <-l.queue:
			if lines.Buffered() == 0 {
				linger.Reset(l.o.Linger)
			}
			l.record(lines, q)
		case <-linger.C:
			_ = lines.Flush() // a line that cannot be written is in the store, and the next flush fails as well
		case <-l.closing:
			l.drain(lines)
			return
		}
	}
}

// drain records the facts that are left in the queue.
func (l *Log) drain(lines *bufio.Writer) {
	for {
		select {
		case t := <-l.queue:
			l.record(lines, t)
		default:
			l.recount(lines)
			_ = lines.Flush() // see writeLines
			return
		}
	}
}

func (l *Log) record(lines *bufio.Writer, q queued) {
	l.recount(lines)
	if q.passed != nil {
		_ = lines.Flush() // see writeLines
		l.bodies <- body{passed: q.passed}
		return
	}
	l.write(lines, q)
}

// recount records how many facts were dropped since the last one.
func (l *Log) recount(lines *bufio.Writer) {
	if n := l.lost.Swap(0); n > 0 {
		l.write(lines, l.drop("", n))
	}
}

func (l *Log) write(lines *bufio.Writer, q queued) {
	line := l.encode(q)
	_, _ = lines.Write(append(line, '\n')) // see writeLines
	if l.o.Keep == 0 {
		return
	}
	select {
	case l.bodies <- body{json: line}:
	default:
		l.unkept.Add(1)
	}
}

// drop counts lost facts, and returns and emits the fact of their loss.
func (l *Log) drop(where string, n int64) queued {
	l.dropped.Add(n)
	fact := event.AuditDropped{Where: where, Count: int(n)}
	l.o.Own.Emit(context.Background(), fact)
	l.o.Log.Error("facts were dropped from the audit log", "where", where, "count", n)
	return queued{at: l.o.Now(), event: fact}
}
