package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/ceiling"
)

// options are the command line.
type options struct {
	plan
	binary, out, plot, peers, old string
	rows                          *regexp.Regexp
}

// plan holds the lengths of the measurements.
type plan struct {
	rounds                     int
	warmup, duration, constant time.Duration
	codes, tokens              int           // prepared for one measurement in a closed loop
	budget                     time.Duration // no further round begins that would pass it; 0: none
	refill                     bool          // sessions and tokens would expire during the run
}

// connections is the number of connections of every measurement.
const connections = 64

func quick() plan {
	return plan{rounds: 3, warmup: 100 * time.Millisecond, duration: 500 * time.Millisecond, constant: time.Second, codes: 2500, tokens: 6000, budget: 100 * time.Second}
}

func thorough() plan {
	return plan{rounds: 5, warmup: 500 * time.Millisecond, duration: 2 * time.Second, constant: 5 * time.Second, codes: 10000, tokens: 28000, refill: true}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, words []string) error {
	if len(words) == 5 && words[0] == "ceiling" { // a process that Lab.Ceiling started
		return ceiling.Serve(ctx, ceiling.Options{Listen: words[1], Control: words[2], Redis: words[3], Answers: words[4]})
	}
	if len(words) > 0 && verbs()[words[0]] != nil {
		return verbs()[words[0]](ctx, words[1:])
	}
	o, err := parse(words)
	if err != nil {
		return err
	}
	if o.old != "" {
		return o.compare(ctx)
	}
	return o.bench(ctx)
}

// verbs are the measurements besides the table.
func verbs() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{"start": start, "soak": soak, "growth": growth, "scale": scale, "flame": flame}
}

func parse(words []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	short := flags.Bool("quick", false, "measure shortly, within 3 minutes")
	rounds := flags.Int("rounds", 0, "rounds; 0: 5, or 3 with -quick")
	rows := flags.String("rows", "", "regular expression: only these rows and their ceilings")
	flags.StringVar(&o.binary, "binary", "build/oauth2d", "the daemon")
	flags.StringVar(&o.out, "out", "build/bench.json", "file for the result; a Markdown table is written beside it")
	flags.StringVar(&o.plot, "plot", "build/bench.svg", "file for the plot")
	flags.StringVar(&o.peers, "peers", "", "folder with node-oidc-provider: measure it in the same run")
	flags.StringVar(&o.old, "old", "", "another build of the daemon: measure nothing but the two builds alternately, and write files for benchstat")
	if err := flags.Parse(words); err != nil {
		return o, err
	}
	o.plan = thorough()
	if *short {
		o.plan = quick()
	}
	if *rounds > 0 {
		o.rounds, o.budget = *rounds, 0
	}
	var err error
	if o.rows, err = regexp.Compile(*rows); err != nil {
		return o, err
	}
	for _, file := range []*string{&o.binary, &o.old} { // processes are started in other folders
		if *file != "" {
			if *file, err = filepath.Abs(*file); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}
