package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// comparisonRounds are enough for benchstat to see a difference.
const comparisonRounds = 8

// compare measures two builds of the daemon alternately, each on a Redis of its own, and writes the samples of both
// in the format that benchstat reads.
func (o options) compare(ctx context.Context) error {
	lab, err := subject.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	b := &bed{lab: lab}
	var pair [2]*scenario.Daemon
	var lanes [2][]*lane
	for i, binary := range []string{o.old, o.binary} {
		build := []string{"old", "new"}[i]
		store, err := lab.Redis(ctx, "redis-"+build)
		if err != nil {
			return err
		}
		secrets, err := lab.Register(ctx, build, binary, store)
		if err != nil {
			return err
		}
		if pair[i], err = b.daemon(ctx, "relaxed-"+build, binary, store, secrets); err != nil {
			return err
		}
		for _, w := range pair[i].Workloads() {
			lanes[i] = append(lanes[i], newLane(w, build, &pair[i].Subject))
		}
		lanes[i] = o.selected(lanes[i])
	}
	defer pair[0].Close()
	defer pair[1].Close()
	var turns []*lane
	for i := range lanes[0] {
		turns = append(turns, lanes[0][i], lanes[1][i])
	}
	p := o.plan
	p.rounds, p.refill, p.budget = max(p.rounds, comparisonRounds), true, 0
	err = p.alternate(ctx, turns, func() error { return errors.Join(pair[0].Refill(ctx), pair[1].Refill(ctx)) })
	if err != nil {
		return err
	}
	for i, build := range []string{"old", "new"} {
		if err := writeSamples(filepath.Join(filepath.Dir(o.out), "bench-"+build+".txt"), lanes[i]); err != nil {
			return err
		}
	}
	return nil
}

func writeSamples(name string, lanes []*lane) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	var all []*report.Series
	for _, l := range lanes {
		all = append(all, l.Series)
	}
	if err := report.Benchstat(file, all); err != nil {
		return errors.Join(err, file.Close())
	}
	fmt.Fprintln(os.Stderr, name, "is written")
	return file.Close()
}
