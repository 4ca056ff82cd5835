package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// soakOptions are the command line of a long run.
type soakOptions struct {
	binary, plot, environment string
	duration, part            time.Duration
	rate, signIns             float64
}

// soak loads a daemon for a long time with a mix of requests, and records its resident memory. With a rate of 0 every
// connection sends its next request at once.
func soak(ctx context.Context, words []string) error {
	var o soakOptions
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.StringVar(&o.binary, "binary", "build/oauth2d", "the daemon")
	flags.StringVar(&o.plot, "plot", "build/soak.svg", "file for the plot of the resident memory")
	flags.StringVar(&o.environment, "env", "", "further settings of the daemon, such as GOMEMLIMIT=64MiB,GOGC=50")
	flags.DurationVar(&o.duration, "duration", 30*time.Minute, "how long")
	flags.DurationVar(&o.part, "part", time.Minute, "the length of one part of the run, between which credentials are prepared")
	flags.Float64Var(&o.rate, "rate", 0, "requests a second, without sign-ins; 0: as many as 64 connections get answered")
	flags.Float64Var(&o.signIns, "sign-ins", 2, "whole browser flows a second beside them; below 0: as many as 8 connections get answered")
	if err := flags.Parse(words); err != nil {
		return err
	}
	var err error
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	lab, err := subject.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	s := subject.Setup{Name: "daemon", Binary: o.binary, Durability: "relaxed"}
	if o.environment != "" {
		s.Environment = strings.Split(o.environment, ",")
	}
	if s.Store, err = lab.Redis(ctx, "redis"); err != nil {
		return err
	}
	if s.Secrets, err = lab.Register(ctx, "soak", o.binary, s.Store); err != nil {
		return err
	}
	started, err := lab.Daemon(ctx, s)
	if err != nil {
		return err
	}
	d, err := scenario.NewDaemon(ctx, started)
	if err != nil {
		return err
	}
	defer d.Close()
	memory, err := o.load(ctx, d)
	if err != nil {
		return err
	}
	fmt.Printf("resident memory in MiB: %.0f before the load, %.0f after a tenth of the time, %.0f at the end, at most %.0f\n",
		memory.Values[0], memory.At(0.1), memory.At(1), memory.Most())
	return os.WriteFile(o.plot, []byte(memory.Plot("Resident memory of the daemon under load", "MiB", "min")), 0o644)
}

// mixture is the share of each row in the rate of a long run.
func mixture() map[string]float64 {
	return map[string]float64{scenario.TokenOpaque: 0.3, scenario.IntrospectOpaque: 0.4, scenario.IntrospectJWT: 0.2, scenario.Refresh: 0.1, scenario.Flow: 0}
}

// load runs the mix part by part, and reads the memory every second.
func (o soakOptions) load(ctx context.Context, d *scenario.Daemon) (report.Curve, error) {
	memory := report.Curve{Step: 1.0 / 60}
	sampled, stop := make(chan struct{}), make(chan struct{})
	read := func() { memory.Values = append(memory.Values, float64(d.Server.RSS())/(1<<20)) }
	read()
	go func() {
		defer close(sampled)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				read()
			}
		}
	}()
	defer func() { <-sampled }()
	defer close(stop)
	workloads := d.Workloads()
	for began := time.Now(); time.Since(began) < o.duration; {
		if err := d.Refill(ctx); err != nil {
			return memory, err
		}
		cpu, requests, err := o.partOf(ctx, d, workloads)
		if err != nil {
			return memory, err
		}
		fmt.Fprintf(os.Stderr, "%5s  %7.0f requests/s, %5.1f µs of processor time each, %6.1f MiB\n", time.Since(began).Round(time.Second),
			float64(requests)/o.part.Seconds(), float64(cpu.Microseconds())/float64(requests), float64(d.Server.RSS())/(1<<20))
	}
	return memory, nil
}

// partOf runs all workloads of the mix at the same time.
func (o soakOptions) partOf(ctx context.Context, d *scenario.Daemon, workloads []scenario.Workload) (cpu time.Duration, requests int64, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	before := d.Server.CPU()
	for _, w := range workloads {
		share, wanted := mixture()[w.Name]
		if !wanted || w.Name == scenario.Flow && o.signIns == 0 {
			continue
		}
		lo := load.Options{Addr: d.Addr, Duration: o.part, NewCall: w.NewCall, Rate: o.rate * share, Connections: max(1, int(connections*share))}
		if w.Name == scenario.Flow {
			lo.Rate, lo.Connections = max(0, o.signIns), w.Connections
		}
		if w.Prepare != nil {
			if err := w.Prepare(ctx, lo.Connections); err != nil {
				return 0, 0, err
			}
		}
		lo.Begin, lo.End = func(func() int64) {}, func(func() int64) {}
		all.Go(func() {
			result, failed := load.Run(ctx, lo)
			if failed == nil && result.Errors > 0 && !errors.Is(result.FirstError, load.ErrLate) { // a disturbed machine ends no long run
				failed = fmt.Errorf("%s: %d errors, the first: %w", w.Name, result.Errors, result.FirstError)
			}
			mu.Lock()
			defer mu.Unlock()
			requests += result.Count
			if failed != nil {
				err = failed
			}
		})
	}
	all.Wait()
	return d.Server.CPU() - before, max(1, requests), err
}
