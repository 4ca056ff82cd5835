package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ErrExhausted is returned by a caller that has used up its prepared credentials. The measurement ends early.
var ErrExhausted = errors.New("the prepared credentials are used up")

// ErrLate means that the server does not keep up with the arrival rate.
var ErrLate = errors.New("the server does not keep up with the arrival rate")

// Call performs one operation and checks its answer.
type Call func() error

// Options describe one measurement.
type Options struct {
	Addr        string
	Connections int
	Warmup      time.Duration // performed, but not measured
	Duration    time.Duration
	Rate        float64 // operations a second; 0: a closed loop
	// NewCall returns the operation of connection i.
	NewCall func(c *Conn, i int) Call
	// Begin and End are called at the two ends of the measured time. The argument returns how many operations have
	// ended so far, warm-up included.
	Begin, End func(done func() int64)
}

// Result is one measurement.
type Result struct {
	Count      int64 // operations that ended within the measured time
	Elapsed    time.Duration
	Errors     int64
	FirstError error
	Latency    *hdrhistogram.Histogram // in microseconds
}

// PerSecond returns the rate that was reached.
func (r Result) PerSecond() float64 { return float64(r.Count) / r.Elapsed.Seconds() }

// Quantile returns a percentile of the latency in milliseconds.
func (r Result) Quantile(percent float64) float64 {
	return float64(r.Latency.ValueAtQuantile(percent)) / 1000
}

// The phases of a measurement.
const (
	warming int32 = iota
	measuring
	over
)

// drainLimit is the longest delay of a request of a constant rate; later ones count as errors.
const drainLimit = 10 * time.Second

// run is a measurement in progress.
type run struct {
	o        Options
	phase    atomic.Int32
	count    atomic.Int64 // within the measured time
	done     atomic.Int64 // in all phases
	schedule *schedule
	measured time.Time // constant rate: requests that are due before are warm-up
	deadline time.Time // constant rate: nothing is sent after it
	stop     chan struct{}
	once     sync.Once
	mu       sync.Mutex // guards result
	result   Result
}

// Run measures. It returns an error only if it cannot connect or ctx ends; failed operations are in the result.
func Run(ctx context.Context, o Options) (Result, error) {
	r := &run{o: o, stop: make(chan struct{}), result: Result{Latency: newHistogram()}}
	conns := make([]*Conn, 0, o.Connections)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range o.Connections {
		c, err := Dial(ctx, o.Addr)
		if err != nil {
			return Result{}, err
		}
		conns = append(conns, c)
	}
	cancelled := context.AfterFunc(ctx, func() {
		r.end()
		for _, c := range conns {
			c.Close()
		}
	})
	defer cancelled()
	start := time.Now()
	r.measured = start.Add(o.Warmup)
	if o.Rate > 0 {
		r.schedule = &schedule{start: start, rate: o.Rate, length: o.Warmup + o.Duration}
		r.deadline = r.measured.Add(o.Duration + drainLimit)
	}
	var workers sync.WaitGroup
	for i, c := range conns {
		workers.Go(func() { r.work(o.NewCall(c, i)) })
	}
	r.watch()
	workers.Wait()
	return r.result, ctx.Err()
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, (time.Minute).Microseconds(), 3)
}

// watch leads through the phases: it takes the readings of Begin and End as close to the measured time as it can.
func (r *run) watch() {
	r.wait(r.o.Warmup)
	r.o.Begin(r.done.Load)
	began := time.Now()
	r.phase.Store(measuring)
	r.wait(r.o.Duration)
	r.phase.Store(over)
	r.mu.Lock()
	r.result.Count, r.result.Elapsed = r.count.Load(), time.Since(began)
	r.mu.Unlock()
	r.o.End(r.done.Load)
	if r.schedule == nil {
		r.end()
	}
}

func (r *run) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.stop:
	}
}

func (r *run) end() { r.once.Do(func() { close(r.stop) }) }

func (r *run) ended() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// work is one connection.
func (r *run) work(call Call) {
	latency, failed := newHistogram(), int64(0)
	var first error
	for !r.ended() {
		due, record := time.Now(), true
		if r.schedule != nil {
			var more bool
			if due, more = r.schedule.due(); !more {
				break
			}
			record = !due.Before(r.measured)
			time.Sleep(time.Until(due))
			if time.Now().After(r.deadline) {
				failed++
				first = ErrLate
				break
			}
		}
		err := call()
		took := time.Since(due)
		switch {
		case r.ended() && err != nil: // the connection was closed
		case errors.Is(err, ErrExhausted):
			r.end()
		case err != nil:
			failed++
			first = err
			r.end() // one wrong answer fails the whole run
		default:
			r.done.Add(1)
			inside := r.phase.Load() == measuring
			if inside {
				r.count.Add(1)
			}
			if r.schedule == nil && inside || r.schedule != nil && record {
				_ = latency.RecordValue(took.Microseconds()) // it is below the limit of the histogram
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Latency.Merge(latency)
	r.result.Errors += failed
	if r.result.FirstError == nil {
		r.result.FirstError = first
	}
}
