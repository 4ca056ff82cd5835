package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// scaled are several daemons on one store.
type scaled struct {
	daemons []*subject.Daemon
	first   *scenario.Daemon // prepares the credentials for all
	store   *subject.Store
}

// scale measures the processor time per request of several daemons on one Sentinel group and on one cluster. The connections are spread over the daemons evenly, as a load balancer does.
func scale(ctx context.Context, words []string) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	binary := flags.String("binary", "build/oauth2d", "the daemon")
	most := flags.Int("daemons", 3, "the largest number of daemons")
	durability := flags.String("durability", "strict", "strict or relaxed")
	duration := flags.Duration("duration", 3*time.Second, "the length of one measurement")
	if err := flags.Parse(words); err != nil {
		return err
	}
	file, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Redis\tdaemons\trow\treq/s\tdaemons µs\tRedis µs\tbusiest server µs")
	for _, p := range places()[1:] {
		if err := scaleOn(ctx, p, subject.Setup{Binary: file, Durability: *durability}, *most, func(s *scaled) error { return s.measure(ctx, p.name, *duration, table) }); err != nil {
			return err
		}
	}
	return table.Flush()
}

// scaleOn starts one daemon after another on one store, and measures each number of them.
func scaleOn(ctx context.Context, p place, setup subject.Setup, most int, measure func(*scaled) error) error {
	lab, err := subject.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	s := &scaled{}
	if s.store, err = p.open(lab, ctx); err != nil {
		return err
	}
	setup.Store = s.store
	if setup.Secrets, err = lab.Register(ctx, "scale", setup.Binary, s.store); err != nil {
		return err
	}
	defer func() {
		if s.first != nil {
			s.first.Close()
		}
	}()
	for n := range most {
		setup.Name = fmt.Sprintf("daemon%d", n+1)
		d, err := lab.Daemon(ctx, setup)
		if err != nil {
			return err
		}
		s.daemons = append(s.daemons, d)
		if n == 0 {
			if s.first, err = scenario.NewDaemon(ctx, d); err != nil {
				return err
			}
		}
		if err := measure(s); err != nil {
			return err
		}
	}
	return nil
}

// measure measures some rows.
func (s *scaled) measure(ctx context.Context, name string, duration time.Duration, table *tabwriter.Writer) error {
	for _, w := range s.first.Workloads() {
		if !slices.Contains([]string{scenario.TokenOpaque, scenario.IntrospectOpaque, scenario.Refresh}, w.Name) {
			continue
		}
		if w.Prepare != nil {
			if err := w.Prepare(ctx, connections); err != nil {
				return err
			}
		}
		before, redisBefore := s.cpu(), used(s.store.Processes)
		began := time.Now()
		requests, err := s.run(ctx, w, duration)
		if err != nil {
			return err
		}
		each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(requests) }
		var all, busiest time.Duration
		for i, now := range used(s.store.Processes) {
			spent := now - redisBefore[i]
			all, busiest = all+spent, max(busiest, spent)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%.0f\t%.0f\t%.0f\t%.0f\n", name, len(s.daemons), w.Name, float64(requests)/time.Since(began).Seconds(), each(s.cpu()-before), each(all), each(busiest))
	}
	return nil
}

// run spreads the connections over the daemons.
func (s *scaled) run(ctx context.Context, w scenario.Workload, duration time.Duration) (requests int64, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	share := connections / len(s.daemons)
	for n, d := range s.daemons {
		o := load.Options{
			Addr: d.Addr, Connections: share, Duration: duration, Begin: func(func() int64) {}, End: func(func() int64) {},
			NewCall: func(c *load.Conn, i int) load.Call { return w.NewCall(c, n*share+i) },
		}
		all.Go(func() {
			result, failed := load.Run(ctx, o)
			if failed == nil && result.Errors > 0 {
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
	return max(1, requests), err
}

func (s *scaled) cpu() time.Duration {
	var total time.Duration
	for _, d := range s.daemons {
		total += d.Server.CPU()
	}
	return total
}

func used(all []*process.Process) []time.Duration {
	var each []time.Duration
	for _, p := range all {
		each = append(each, p.CPU())
	}
	return each
}
