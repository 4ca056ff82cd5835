package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
)

const (
	connections = 64
	turns       = 6
	turn        = 4 * time.Second
)

// worth is the share of the relaxed throughput that strict durability must reach.
const worth = 0.60

// compare measures refreshes and redemptions at 64 connections with a strict and a relaxed daemon on
// one group, in turns, so that a busy machine is as unkind to one as to the other.
func (o options) compare(ctx context.Context) error {
	work, finish, err := o.pair(ctx, contender{"strict", nil}, contender{"relaxed", nil})
	if err != nil {
		return err
	}
	defer finish()
	modes := map[string]string{"d1": "strict", "d2": "relaxed"}
	rate := map[string]float64{}
	for i := range turns {
		for _, host := range daemonHosts {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			refreshes, redemptions := work.measureTurn(host)
			rate[modes[host]+" refreshes"] += refreshes / turns
			rate[modes[host]+" redemptions"] += redemptions / turns
			fmt.Printf("turn %d %-8s %6.0f refreshes/s %6.0f redemptions/s\n", i+1, modes[host], refreshes, redemptions)
		}
	}
	if found := work.rec.StrangeAnswers(); len(found) > 0 {
		return fmt.Errorf("%d strange answers, the first: %s", len(found), found[0])
	}
	for _, what := range []string{"refreshes", "redemptions"} {
		strict, relaxed := rate["strict "+what], rate["relaxed "+what]
		fmt.Printf("%s: strict %.0f/s, relaxed %.0f/s, ratio %.2f\n", what, strict, relaxed, strict/relaxed)
		if strict < worth*relaxed {
			err = fmt.Errorf("strict durability keeps %.0f %% of the %s, less than %.0f %%", 100*strict/relaxed, what, 100*worth)
		}
	}
	return err
}

// contender is a daemon in a comparison, with its settings.
type contender struct {
	mode string
	more []string // settings
}

// pair starts two daemons on one group, d1 and d2, and what is to work on them.
func (o options) pair(ctx context.Context, contenders ...contender) (_ *load, finish func(), err error) {
	n, err := newNetwork()
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	s := o.setup
	s.mode, s.dir = "strict", filepath.Join(o.dir, fmt.Sprintf("lab%d", n.lab))
	if err := os.RemoveAll(s.dir); err != nil { // of an earlier run
		return nil, nil, err
	}
	l, err := newLab(ctx, s, n)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	for i, c := range contenders {
		if err := l.startDaemon(daemonHosts[i], c.mode, c.more...); err != nil {
			return nil, nil, err
		}
	}
	c := newCaller(l, history.New())
	work, err := prepare(ctx, c, s.mode)
	return work, func() { c.close(); l.close(); n.close() }, err
}

// measureTurn returns both rates of a daemon, per second.
func (l *load) measureTurn(host string) (refreshes, redemptions float64) {
	codes := make(chan *grant, 1<<14)
	l.crowd(turn/2, func(i int) bool {
		g := l.authorize(l.web, l.browsers[i%workers], l.sessions[i%workers], host, host)
		if g != nil {
			codes <- g
		}
		return len(codes) < cap(codes)-connections
	})
	close(codes)
	chains := make([]*grant, connections)
	redemptions = l.crowd(turn, func(i int) bool {
		g, more := <-codes
		if !more {
			return false
		}
		if g.redeem(host) == history.Done {
			chains[i] = g
		}
		return true
	})
	refreshes = l.crowd(turn, func(i int) bool {
		g := chains[i]
		if g == nil {
			return false
		}
		g.access = []string{""} // each is the first of its kind, so that nothing grows
		return g.refresh(host, 0, g.latest) == history.Done
	})
	return refreshes, redemptions
}

// crowd lets 64 callers do something for a time, or until they may not, and returns their rate.
func (l *load) crowd(limit time.Duration, do func(i int) bool) float64 {
	var count atomic.Int64
	var callers sync.WaitGroup
	began := time.Now()
	for i := range connections {
		callers.Go(func() {
			for time.Since(began) < limit && do(i) {
				count.Add(1)
			}
		})
	}
	callers.Wait()
	return float64(count.Load()) / time.Since(began).Seconds()
}
