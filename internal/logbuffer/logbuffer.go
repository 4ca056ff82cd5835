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

// Later writes a line within the interval. It does not wait for the destination, unless the interval is 0: it drops the
// line and counts it when too many lines wait.
func (b *Buffer) Later(line []byte) {
	if b.o.Interval <= 0 {
		_, _ = b.Write(line) // there is no other place to report it
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines)+len(line) > most {
		b.dropped++
		return
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
