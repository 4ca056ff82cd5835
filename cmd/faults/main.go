package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/pods"
)

// options are the command line.
type options struct {
	setup
	trials, parallel int
	only, out, docs  string
	controls, cost   bool
	limits           bool
	keep             bool
}

func main() {
	if os.Getenv(asDaemon) != "" {
		if err := serveWaitOne(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	o := options{}
	flag.IntVar(&o.trials, "n", 1, "trials of each fault")
	flag.IntVar(&o.parallel, "parallel", 1, "labs that work at the same time")
	flag.StringVar(&o.only, "fault", "", "faults by name, separated by commas; empty: all")
	flag.StringVar(&o.mode, "mode", "strict", "strict, relaxed or wait1")
	flag.DurationVar(&o.downAfter, "down-after", time.Second, "the Sentinels' down-after-milliseconds")
	flag.StringVar(&o.binary, "binary", "build/oauth2d", "the server")
	flag.StringVar(&o.manifests, "chart", "", "rendered manifests of the chart: run their pods, as processes, instead of the harness's own Redis settings")
	flag.StringVar(&o.out, "out", "build/faults.jsonl", "the trials, one JSON object a line; new ones are appended")
	flag.StringVar(&o.docs, "docs", "", "make no trial, but write the table of the trials in -out into this page, and the plot beside it")
	flag.BoolVar(&o.controls, "controls", false, "also try what must lose: relaxed in a partition, and WAIT 1 in a planned failover")
	flag.BoolVar(&o.cost, "cost", false, "make no trial, but compare the throughput of strict and relaxed")
	flag.BoolVar(&o.limits, "limits", false, "make no trial, but compare the processor time of requests with and without limits")
	flag.BoolVar(&o.keep, "keep", false, "keep what the processes wrote in every trial, not only in those with a violation or too long a gap")
	flag.Parse()
	if o.manifests != "" {
		if err := pods.Isolate(); err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
			os.Exit(1)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) error {
	var err error
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	o.dir = filepath.Join(filepath.Dir(o.out), "faults")
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	switch {
	case o.docs != "":
		return publish(o.out, o.docs)
	case o.cost:
		return o.compare(ctx)
	case o.limits:
		return o.compareLimits(ctx)
	}
	plan, err := o.plan()
	if err != nil {
		return err
	}
	all, err := o.carryOut(ctx, plan)
	fmt.Print("\n" + table(all))
	return errors.Join(err, verdict(all))
}

// job is one trial to be made.
type job struct {
	fault fault
	mode  string
	trial int
}

// plan is every trial, the faults in turns.
func (o options) plan() ([]job, error) {
	var plan []job
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(o.only, ",") {
		wanted[name] = true
	}
	for trial := range o.trials {
		for _, f := range faults() {
			if o.only == "" || wanted[f.name] {
				plan = append(plan, job{f, o.mode, trial + 1})
			}
		}
	}
	if len(plan) == 0 {
		return nil, fmt.Errorf("there is no fault %q", o.only)
	}
	if o.controls {
		for _, f := range faults() {
			if mode, found := map[string]string{"partition": "relaxed", "failover": waitOne}[f.name]; found {
				plan = append(plan, job{f, mode, 1})
			}
		}
	}
	return plan, nil
}

// carryOut makes the trials, in several labs at the same time.
func (o options) carryOut(ctx context.Context, plan []job) ([]figures, error) {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(o.out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // G302: a report
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // every line was checked
	jobs := make(chan job, len(plan))
	for _, one := range plan {
		jobs <- one
	}
	close(jobs)
	var mu sync.Mutex
	var all []figures
	var broken []error
	var labs sync.WaitGroup
	for range min(o.parallel, len(plan)) {
		labs.Go(func() {
			err := o.labour(ctx, jobs, func(f figures) error {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, f)
				fmt.Println(summary(f))
				return json.NewEncoder(file).Encode(f)
			})
			mu.Lock()
			defer mu.Unlock()
			broken = append(broken, err)
		})
	}
	labs.Wait()
	return all, errors.Join(broken...)
}

// labour is one lab that takes trials until there are no more.
func (o options) labour(ctx context.Context, jobs <-chan job, report func(figures) error) error {
	n, err := newNetwork()
	if err != nil {
		return err
	}
	defer n.close()
	for one := range jobs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if one.fault.links && !n.spaces {
			fmt.Printf("%s: left out: links can be cut only by root on Linux\n", one.fault.name)
			continue
		}
		s := o.setup
		s.mode, s.dir = one.mode, filepath.Join(o.dir, fmt.Sprintf("lab%d", n.lab))
		f, err := try(ctx, s, n, one.fault)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.Trial = one.trial
		if err != nil {
			f.Failed = err.Error()
		}
		if f.Violations > 0 || err != nil || o.keep || f.slow() {
			keep(s.dir, filepath.Join(o.dir, fmt.Sprintf("%s-%s-%d-%d", f.Fault, f.Mode, n.lab, time.Now().Unix())))
		}
		if err := report(f); err != nil {
			return err
		}
	}
	return nil
}

// keep leaves what the processes of a trial wrote for somebody to look at.
func keep(dir, as string) {
	if err := os.Rename(dir, as); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// verdict returns an error for a violation where there must be none, or for none where there must be one.
func verdict(all []figures) error {
	var wrong []error
	for _, f := range all {
		switch {
		case f.Failed != "":
			wrong = append(wrong, fmt.Errorf("%s: the trial did not work: %s", f.Fault, f.Failed))
		case f.Mode == "strict" && f.Violations > 0:
			wrong = append(wrong, fmt.Errorf("%s: %d violations, the first: %s", f.Fault, f.Violations, f.Examples[0]))
		case f.Mode != "strict" && f.Violations == 0:
			wrong = append(wrong, fmt.Errorf("%s with %s: no violation was found, and there must be some", f.Fault, f.Mode))
		}
	}
	return errors.Join(wrong...)
}
