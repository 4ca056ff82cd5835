package profile

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"time"
)

// The kinds of profiles.
const (
	CPU        = "cpu"       // where the processors worked
	Heap       = "heap"      // the live objects, and where they were allocated
	Allocs     = "allocs"    // all objects since the start, and where they were allocated
	Goroutines = "goroutine" // where each goroutine is now
	Mutex      = "mutex"     // where goroutines held a lock that others waited for
	Block      = "block"     // where goroutines waited for locks and channels
)

// The time of a profile that lasts.
const (
	MaxTime = time.Minute
	Default = 5 * time.Second
)

const (
	mutexShare = 10      // one contention in this many is recorded
	blockRate  = 100_000 // nanoseconds: longer waits are all recorded, shorter ones are sampled
)

// ErrBusy is returned while another profile is taken: two at once would disturb each other.
var ErrBusy = errors.New("another profile is being taken")

// Kinds lists the kinds of profiles.
func Kinds() []string { return []string{Allocs, Block, CPU, Goroutines, Heap, Mutex} }

// Known reports whether there is such a kind.
func Known(kind string) bool { return slices.Contains(Kinds(), kind) }

// Lasts reports whether a kind observes the daemon for some time. The others describe one moment.
func Lasts(kind string) bool { return kind == CPU || kind == Mutex || kind == Block }

// Profiler takes profiles. It is safe for concurrent use.
type Profiler struct {
	Below time.Duration // the time of a request: a profile takes less

	taking sync.Mutex
}

// Take returns a profile in the format of pprof, compressed. A kind that lasts takes the given time, or less when ctx
// ends: then Take returns the error of ctx. Of concurrent callers one gets a profile and the others get ErrBusy. Outside
// of Take nothing is recorded, except for the samples of the heap that the Go runtime always takes.
//
// The profiles of mutexes and waits hold everything since the start: all of it was recorded by calls of Take.
func (p *Profiler) Take(ctx context.Context, kind string, lasting time.Duration) ([]byte, error) {
	if !p.taking.TryLock() {
		return nil, ErrBusy
	}
	defer p.taking.Unlock()
	var out bytes.Buffer
	switch kind {
	case CPU:
		if err := pprof.StartCPUProfile(&out); err != nil {
			return nil, errors.Join(ErrBusy, err)
		}
		err := wait(ctx, lasting)
		pprof.StopCPUProfile()
		return out.Bytes(), err
	case Mutex:
		before := runtime.SetMutexProfileFraction(mutexShare)
		err := wait(ctx, lasting)
		runtime.SetMutexProfileFraction(before)
		if err != nil {
			return nil, err
		}
	case Block:
		runtime.SetBlockProfileRate(blockRate)
		err := wait(ctx, lasting)
		runtime.SetBlockProfileRate(0)
		if err != nil {
			return nil, err
		}
	case Heap:
		runtime.GC() // the profile shows the state at the end of the last collection
	}
	err := pprof.Lookup(kind).WriteTo(&out, 0)
	return out.Bytes(), err
}

// wait waits, at most until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
