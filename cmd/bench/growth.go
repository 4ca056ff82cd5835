package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// blocked is the longest time for which Redis may be blocked.
const blocked = 5 * time.Millisecond

// growing is a daemon on a Redis whose number of records grows, and one on a Redis that stays small.
type growing struct {
	lab           *subject.Lab
	grown, steady *scenario.Daemon
	token         float64 // bytes
	ballast       *subject.Ballast
	rounds        int
	plan          tuning
}

// growth compares the cost of the same requests, and the memory of a record, at several numbers of live grants and tokens.
func growth(ctx context.Context, words []string) error {
	flags := flag.NewFlagSet("growth", flag.ContinueOnError)
	binary := flags.String("binary", "build/oauth2d", "the daemon")
	sizes := flags.String("sizes", "10000,100000,1000000,10000000", "numbers of grants, each with an access token; 10 million need 8 GB")
	g := growing{plan: tuning{warmup: 300 * time.Millisecond, duration: 1500 * time.Millisecond}}
	flags.IntVar(&g.rounds, "rounds", 5, "rounds at each size")
	if err := flags.Parse(words); err != nil {
		return err
	}
	file, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	if g.lab, err = subject.NewLab(); err != nil {
		return err
	}
	defer g.lab.Close()
	if err := g.start(ctx, file); err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "grants and tokens\tbytes per token\tper grant with its index\trow\tCPU µs per request, small\tgrown\tratio")
	for text := range strings.SplitSeq(*sizes, ",") {
		size, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if err := g.at(ctx, size, table); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return g.cleanup(ctx)
}

func (g *growing) start(ctx context.Context, binary string) error {
	for _, name := range []string{"steady", "grown"} {
		store, err := g.lab.Redis(ctx, "redis-"+name)
		if err != nil {
			return err
		}
		s := subject.Setup{Name: name, Binary: binary, Durability: "relaxed", Store: store}
		if s.Secrets, err = g.lab.Register(ctx, name, binary, store); err != nil {
			return err
		}
		started, err := g.lab.Daemon(ctx, s)
		if err != nil {
			return err
		}
		d, err := scenario.NewDaemon(ctx, started)
		if err != nil {
			return err
		}
		if name == "steady" {
			g.steady = d
			continue
		}
		g.grown = d
		if g.ballast, err = g.lab.NewBallast(ctx, store); err != nil {
			return err
		}
		if err := g.weigh(ctx); err != nil {
			return err
		}
	}
	return nil
}

// weigh measures the memory of an access token.
func (g *growing) weigh(ctx context.Context) error {
	const count = 20_000
	before, err := g.ballast.Memory(ctx)
	if err != nil {
		return err
	}
	if err := g.ballast.Expire(ctx, count, time.Hour); err != nil {
		return err
	}
	after, err := g.ballast.Memory(ctx)
	g.token = float64(after-before) / count
	return err
}

// at grows the Redis and compares both.
func (g *growing) at(ctx context.Context, size int, table *tabwriter.Writer) error {
	before, err := g.ballast.Memory(ctx)
	if err != nil {
		return err
	}
	held := g.ballast.Held()
	began := time.Now()
	if err := g.ballast.Grow(ctx, size); err != nil {
		return err
	}
	after, err := g.ballast.Memory(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d grants after %s\n", size, time.Since(began).Round(time.Second))
	bytes := "-"
	if size > held {
		bytes = fmt.Sprintf("%.0f", float64(after-before)/float64(size-held)-g.token)
	}
	for _, d := range []*scenario.Daemon{g.steady, g.grown} {
		if err := d.Refill(ctx); err != nil {
			return err
		}
	}
	small, large := g.steady.Workloads(), g.grown.Workloads()
	for i, w := range small {
		if !slices.Contains([]string{scenario.TokenOpaque, scenario.IntrospectOpaque, scenario.Refresh}, w.Name) {
			continue
		}
		pair := []*lane{newLane(w, "small", &g.steady.Subject), newLane(large[i], "grown", &g.grown.Subject)}
		for round := range g.rounds {
			for turn := range pair {
				l := pair[(turn+round)%2]
				sample, err := l.measure(ctx, g.plan)
				if err != nil {
					return err
				}
				l.Samples = append(l.Samples, sample)
			}
		}
		from, to := work(pair[0].Samples), work(pair[1].Samples)
		fmt.Fprintf(table, "%d\t%.0f\t%s\t%s\t%.0f\t%.0f\t%.2f\n", size, g.token, bytes, w.Name, from, to, to/from)
	}
	return nil
}

// work returns the median processor time of server and Redis together.
func work(all []report.Sample) float64 {
	var each []float64
	for _, s := range all {
		each = append(each, s.ServerCPU+s.RedisCPU)
	}
	slices.Sort(each)
	if len(each) == 0 {
		return math.NaN()
	}
	return each[len(each)/2]
}

// The load of the check of how long Redis is blocked.
const (
	mortals  = 500_000 // tokens that expire together
	lifetime = 10 * time.Second
)

// cleanup lets a sweep run, and many tokens expire together, and reports everything that blocked Redis for too long.
func (g *growing) cleanup(ctx context.Context) error {
	for _, hz := range []string{"10", "100"} {
		r := g.ballast.Client
		for name, value := range map[string]string{"hz": hz, "latency-monitor-threshold": "1", "slowlog-log-slower-than": "1000"} {
			if err := r.ConfigSet(ctx, name, value).Err(); err != nil {
				return err
			}
		}
		if err := g.ballast.Expire(ctx, mortals, lifetime); err != nil {
			return err
		}
		if err := r.Do(ctx, "latency", "reset").Err(); err != nil {
			return err
		}
		if err := r.SlowLogReset(ctx).Err(); err != nil {
			return err
		}
		if err := g.lab.Sweep(ctx, g.grown.Daemon); err != nil {
			return err
		}
		select {
		case <-time.After(2 * lifetime):
		case <-ctx.Done():
			return ctx.Err()
		}
		events, err := r.Do(ctx, "latency", "latest").Slice()
		if err != nil {
			return err
		}
		slow, err := r.SlowLogGet(ctx, 10).Result()
		if err != nil {
			return err
		}
		fmt.Printf("with hz %s, what took longer than 1 ms (the aim is %s):\n", hz, blocked)
		for _, event := range events {
			e := event.([]any)
			fmt.Printf("  %v: at most %v ms\n", e[0], e[3])
		}
		for _, entry := range slow {
			fmt.Printf("  command %s: %s\n", entry.Args[0], entry.Duration)
		}
	}
	return nil
}
