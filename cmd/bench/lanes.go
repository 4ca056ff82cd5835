package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// lane is one row while it is measured.
type lane struct {
	*report.Series
	subject  *subject.Subject
	workload scenario.Workload
}

// tuning is one measurement of a lane.
type tuning struct {
	duration, warmup time.Duration
	rate             float64 // 0: a closed loop
	credentials      int     // to prepare for a workload that uses them up
}

// measure measures a lane once. Any error of the server is an error of the whole run.
func (l *lane) measure(ctx context.Context, t tuning) (report.Sample, error) {
	if l.workload.Prepare != nil {
		count := connections
		if l.workload.Scarce {
			count = t.credentials
		}
		if err := l.workload.Prepare(ctx, count); err != nil {
			return report.Sample{}, fmt.Errorf("preparing %s, %s: %w", l.Name, l.Mode, err)
		}
	}
	l.subject.TrimLogs()
	m := meter{ctx: ctx, subject: l.subject}
	result, err := load.Run(ctx, load.Options{
		Addr: l.subject.Addr, Connections: cmp.Or(l.workload.Connections, connections), Warmup: t.warmup, Duration: t.duration, Rate: t.rate, NewCall: l.workload.NewCall,
		Begin: m.begin, End: m.end,
	})
	if err == nil {
		err = m.failed
	}
	if err == nil && result.Errors > 0 {
		err = fmt.Errorf("%d errors, the first: %w", result.Errors, result.FirstError)
	}
	if err == nil && result.Count == 0 {
		err = fmt.Errorf("nothing was answered")
	}
	if err == nil && l.workload.Verify != nil {
		err = l.workload.Verify(ctx)
	}
	if err != nil {
		return report.Sample{}, fmt.Errorf("%s, %s: %w", l.Name, l.Mode, err)
	}
	return m.sample(result), nil
}

// meter reads the counters of a subject around the measured time.
type meter struct {
	ctx        context.Context
	subject    *subject.Subject
	cpu        [2]subject.Reading
	allocated  [2]int64
	operations [2]int64 // that belong to the allocations
	failed     error
}

// begin reads the processor time last, and end reads it first: reading the allocations takes time.
func (m *meter) begin(done func() int64) {
	m.allocations(0, done)
	m.cpu[0] = m.subject.Read()
}

func (m *meter) end(done func() int64) {
	m.cpu[1] = m.subject.Read()
	m.allocations(1, done)
}

func (m *meter) allocations(i int, done func() int64) {
	var err error
	if m.allocated[i], err = m.subject.Allocations(m.ctx); err != nil {
		m.failed = err
	}
	m.operations[i] = done()
}

func (m *meter) sample(r load.Result) report.Sample {
	perRequest := func(of time.Duration) float64 { return float64(of.Microseconds()) / float64(r.Count) }
	return report.Sample{
		RPS: r.PerSecond(), P50: r.Quantile(50), P99: r.Quantile(99), P999: r.Quantile(99.9),
		ServerCPU: perRequest(m.cpu[1].Server - m.cpu[0].Server),
		RedisCPU:  perRequest(m.cpu[1].Redis - m.cpu[0].Redis),
		Allocs:    float64(m.allocated[1]-m.allocated[0]) / float64(max(1, m.operations[1]-m.operations[0])),
		RSS:       float64(m.subject.Server.RSS()) / (1 << 20),
		Errors:    r.Errors,
	}
}

// alternate measures all lanes in every round, in the opposite order in every second one: a drift of the machine then
// favours nobody.
func (p plan) alternate(ctx context.Context, lanes []*lane, refill func() error) error {
	began := time.Now()
	for round := range p.rounds {
		spent := time.Since(began)
		if round > 0 && p.budget > 0 && spent+spent/time.Duration(round) > p.budget {
			return nil
		}
		if round > 0 && p.refill {
			if err := refill(); err != nil {
				return err
			}
		}
		for i := range lanes {
			l := lanes[i]
			if round%2 == 1 {
				l = lanes[len(lanes)-1-i]
			}
			s, err := l.measure(ctx, p.closed(l))
			if err != nil {
				return err
			}
			l.Samples = append(l.Samples, s)
			fmt.Fprintf(os.Stderr, "round %d of %d, %2d of %d: %-36s %-14s %7.0f/s %7.1f µs\n", round+1, p.rounds, i+1, len(lanes), l.Name, l.Mode, s.RPS, s.ServerCPU)
		}
	}
	return nil
}

func (p plan) closed(l *lane) tuning {
	t := tuning{duration: p.duration, warmup: p.warmup, credentials: p.tokens}
	if l.Name == scenario.Redemption {
		t.credentials = p.codes
	}
	return t
}

// mostCodes is a number of codes that the browsers of a daemon can hold at a time.
const mostCodes = 15000

// atHalf measures lanes at a constant rate, half of what each reached in the closed loop.
func (p plan) atHalf(ctx context.Context, lanes []*lane) ([]*lane, error) {
	var all []*lane
	for i, l := range lanes {
		rate := l.Row().RPS / 2
		t := tuning{duration: p.constant, warmup: p.warmup, rate: rate}
		if l.workload.Scarce {
			t.duration = min(t.duration, time.Duration(mostCodes/rate*float64(time.Second))-t.warmup)
			t.credentials = int(rate*(t.duration+t.warmup).Seconds()) + connections
		}
		steady := &lane{Series: &report.Series{Name: l.Name, Mode: l.Mode, Load: report.Constant}, subject: l.subject, workload: l.workload}
		s, err := steady.measure(ctx, t)
		if err != nil {
			return nil, err
		}
		steady.Samples = []report.Sample{s}
		all = append(all, steady)
		fmt.Fprintf(os.Stderr, "constant rate, %2d of %d: %-36s %-14s %7.0f/s  p50 %.2f ms, p99 %.2f ms\n", i+1, len(lanes), l.Name, l.Mode, rate, s.P50, s.P99)
	}
	return all, nil
}
