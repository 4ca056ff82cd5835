package logbuffer

import (
	"io"
	"sync"
	"time"
)

// Options configure a Buffer. Both may be zero.
type Options struct {
	Interval time.Duration // for which a line may wait; 0: no line waits
	// Dropped is called when lines were dropped, with their number. It may write to the Buffer.
	Dropped func(lines int)
}

// The bounds of the lines that wait, in bytes.
const (
	enough = 64 << 10 // are written before the interval ends
	most   = 4 << 20  // beyond this, lines are dropped
)

// Buffer writes lines to a writer. It is safe for concurrent use.
type Buffer struct {
	o  Options
	to io.Writer

	writing sync.Mutex // held while lines are written; locked before mu

	mu      sync.Mutex
	lines   []byte // that wait
	spare   []byte // the memory of the lines that were written last
	due     bool   // whether a write of the waiting lines is scheduled
	hurried bool   // whether it is scheduled for now
	dropped int
}

// New returns a Buffer in front of a writer.
func New(to io.Writer, o Options) *Buffer { return &Buffer{o: o, to: to} }

// Write writes a line behind those that wait, and returns when it is written.
func (b *Buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	b.lines = append(b.lines, line...)
	b.mu.Unlock()
	if err := b.Flush(); err != nil {
		return 0, err
	}
	return len(line), nil
}

// Later returns a writer of lines that may wait for the interval. Its Write never waits for the destination: it drops
// the line and counts it when too many lines wait.
func (b *Buffer) Later() io.Writer {
	if b.o.Interval <= 0 {
		return b
	}
	return later{b}
}

type later struct{ *Buffer }

// Write implements io.Writer. It never fails.
func (l later) Write(line []byte) (int, error) {
	b := l.Buffer
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines)+len(line) > most {
		b.dropped++
		return len(line), nil
	}
	b.lines = append(b.lines, line...)
	if !b.due {
		b.due = true
		time.AfterFunc(b.o.Interval, b.flushDue)
	}
	if len(b.lines) > enough && !b.hurried {
		b.hurried = true
		go b.flushDue()
	}
	return len(line), nil
}

func (b *Buffer) flushDue() { _ = b.Flush() } // there is no other place to report it

// Flush writes the lines that wait.
func (b *Buffer) Flush() error {
	dropped, err := b.flush()
	if dropped > 0 && b.o.Dropped != nil {
		b.o.Dropped(dropped)
	}
	return err
}

func (b *Buffer) flush() (dropped int, err error) {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	lines := b.lines
	b.lines, b.spare = b.spare[:0], nil
	dropped, b.dropped, b.due, b.hurried = b.dropped, 0, false, false
	b.mu.Unlock()
	if len(lines) > 0 {
		_, err = b.to.Write(lines)
	}
	b.mu.Lock()
	b.spare = lines
	b.mu.Unlock()
	return dropped, err
}
