package logbuffer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/logbuffer"
)

// gate is a destination that accepts nothing until it opens.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	text bytes.Buffer
	n    int // calls of Write
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Write(lines []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
	return g.text.Write(lines)
}

func (g *gate) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

func write(t *testing.T, to io.Writer, line string) {
	t.Helper()
	if _, err := io.WriteString(to, line+"\n"); err != nil {
		t.Error(err)
	}
}

func later(b *logbuffer.Buffer, line string) { b.Later([]byte(line + "\n")) }

func TestLinesKeepTheirOrderAndAreWrittenTogether(t *testing.T) {
	t.Parallel()
	g := newGate()
	close(g.open)
	b := logbuffer.New(g, logbuffer.Options{Interval: time.Hour})
	later(b, "one")
	later(b, "two")
	if got := g.String(); got != "" {
		t.Errorf("before the interval ended: %q", got)
	}
	write(t, b, "three")
	later(b, "four")
	if got := g.String(); got != "one\ntwo\nthree\n" || g.n != 1 {
		t.Errorf("%q in %d writes", got, g.n)
	}
	if err := b.Flush(); err != nil || g.String() != "one\ntwo\nthree\nfour\n" {
		t.Errorf("after the end: %q, %v", g.String(), err)
	}
}

func TestALineIsWrittenAfterTheInterval(t *testing.T) {
	t.Parallel()
	g := newGate()
	close(g.open)
	b := logbuffer.New(g, logbuffer.Options{Interval: time.Millisecond})
	for _, line := range []string{"one\n", "two\n"} {
		later(b, strings.TrimSpace(line))
		for end := time.Now().Add(10 * time.Second); !strings.HasSuffix(g.String(), line); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%q was never written", line)
			}
		}
	}
}

func TestWithoutAnIntervalNothingWaits(t *testing.T) {
	t.Parallel()
	var to bytes.Buffer
	later(logbuffer.New(&to, logbuffer.Options{}), "one")
	if to.String() != "one\n" {
		t.Errorf("%q", &to)
	}
}

// A reader of the log that hangs must not stop the server. What it did not get is counted.
func TestADestinationThatHangsStopsNobody(t *testing.T) {
	t.Parallel()
	g := newGate()
	var dropped atomic.Int64
	var b *logbuffer.Buffer
	b = logbuffer.New(g, logbuffer.Options{Interval: time.Millisecond, Dropped: func(lines int) {
		write(t, b, "dropped")
		dropped.Add(int64(lines))
	}})
	line := strings.Repeat("x", 1<<20)
	const lines = 12 // of 1 MiB: some are being written, 4 MiB wait
	for range lines {
		later(b, line)
	}
	close(g.open)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
		written, lost := strings.Count(g.String(), line+"\n"), int(dropped.Load())
		if written+lost == lines && lost > 0 && strings.Contains(g.String(), "dropped\n") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d lines written, %d dropped", written, lost)
		}
	}
}

func TestConcurrentLines(t *testing.T) {
	t.Parallel()
	g := newGate()
	close(g.open)
	b := logbuffer.New(g, logbuffer.Options{Interval: time.Microsecond})
	const writers, lines = 8, 500
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range lines {
				line := fmt.Sprintf("%d %d", w, n)
				if w == 0 {
					write(t, b, line)
				} else {
					later(b, line)
				}
			}
		})
	}
	all.Wait()
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	next := [writers]int{}
	for line := range strings.Lines(g.String()) {
		var w, n int
		if _, err := fmt.Sscanf(line, "%d %d\n", &w, &n); err != nil || n != next[w] {
			t.Fatalf("%q, want number %d (%v)", line, next[w], err)
		}
		next[w]++
	}
	for w, n := range next {
		if n != lines {
			t.Errorf("writer %d: %d lines", w, n)
		}
	}
}

func TestAnErrorOfTheDestinationIsReported(t *testing.T) {
	t.Parallel()
	b := logbuffer.New(broken{}, logbuffer.Options{Interval: time.Hour})
	later(b, "one")
	if _, err := io.WriteString(b, "two"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
