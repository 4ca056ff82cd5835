package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// settling is the time for which the Sentinels of a new group must have named the master before a daemon writes at once (I8 of
// docs/acknowledgement.md), with a second to spare. A group in use is older.
const settling = 12 * time.Second

// place is one kind of Redis that a daemon is started on.
type place struct {
	name   string
	open   func(*subject.Lab, context.Context) (*subject.Store, error)
	settle time.Duration
}

func places() []place {
	return []place{
		{name: "standalone", open: func(l *subject.Lab, ctx context.Context) (*subject.Store, error) { return l.Redis(ctx, "redis") }},
		{name: "Sentinel 1+2+3", open: (*subject.Lab).Group, settle: settling},
		{name: "Cluster 3+3", open: (*subject.Lab).Cluster},
	}
}

// start measures the time from the start of the process to the first token, in every mode, with and without TLS.
func start(ctx context.Context, words []string) error {
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	binary := flags.String("binary", "build/oauth2d", "the daemon")
	times := flags.Int("n", 9, "starts in each mode")
	if err := flags.Parse(words); err != nil {
		return err
	}
	file, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Redis\tTLS\tdurability\tmedian ms\tlongest ms\tprocessor ms")
	for _, p := range places() {
		for _, secure := range []bool{false, true} {
			if err := p.start(ctx, table, subject.Setup{Binary: file}, secure, *times); err != nil {
				return fmt.Errorf("%s, TLS %v: %w", p.name, secure, err)
			}
		}
	}
	return table.Flush()
}

// start starts daemons one after another on one Redis.
func (p place) start(ctx context.Context, table *tabwriter.Writer, s subject.Setup, secure bool, times int) error {
	lab, err := subject.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	if secure {
		if err := lab.UseTLS(); err != nil {
			return err
		}
	}
	opened := time.Now()
	if s.Store, err = p.open(lab, ctx); err != nil {
		return err
	}
	if s.Secrets, err = lab.Register(ctx, "start", s.Binary, s.Store); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(opened.Add(p.settle))):
	}
	durabilities := []string{"relaxed", "strict"}
	if p.name == "standalone" {
		durabilities = durabilities[:1] // strict durability needs replicas
	}
	for _, s.Durability = range durabilities {
		var took, worked []time.Duration
		for n := range times {
			s.Name = fmt.Sprintf("%s-%d", s.Durability, n)
			d, err := lab.Daemon(ctx, s)
			if err != nil {
				return err
			}
			took, worked = append(took, d.Start), append(worked, d.Server.CPU())
			lab.Stop(d.Server)
		}
		slices.Sort(took)
		slices.Sort(worked)
		ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
		fmt.Fprintf(table, "%s\t%v\t%s\t%.0f\t%.0f\t%.0f\n", p.name, secure, s.Durability, ms(took[len(took)/2]), ms(took[len(took)-1]), ms(worked[len(worked)/2]))
	}
	return nil
}
