package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
)

// The times of a trial, besides the fault's own.
const (
	warm   = 3 * time.Second
	settle = 4500 * time.Millisecond
	slowly = 30 * time.Second // how long the group may take to acknowledge again, and to be whole again
)

// figures are the results of a trial; one line of build/faults.jsonl.
type figures struct {
	Fault        string   `json:"fault"`
	Mode         string   `json:"mode"`
	DownAfter    int64    `json:"down_after_ms"`
	Trial        int      `json:"trial"`
	At           string   `json:"at"`
	Acknowledged int      `json:"acknowledged"` // changes
	Unknown      int      `json:"unknown"`      // changes answered 503, or not at all
	Things       int      `json:"things"`       // grants, sessions, clients, users
	Violations   int      `json:"violations"`
	Gap          float64  `json:"gap_s"`            // longest time without an acknowledged change
	First        float64  `json:"first_success_s"`  // from the fault to the first success that was asked for when it was complete
	Issue        float64  `json:"jwt_issue_gap_s"`  // longest time in which a daemon issued no JWT
	Introspect   float64  `json:"jwt_active_gap_s"` // the same for introspecting one
	Moved        bool     `json:"new_master"`
	Whole        bool     `json:"whole"` // the group was healthy again before the end
	Examples     []string `json:"examples,omitempty"`
	Failed       string   `json:"failed,omitempty"` // the trial itself did not work
}

// slow reports whether changes stood still for longer than is promised.
func (f figures) slow() bool { return f.Gap > 6 && f.DownAfter <= 1000 || f.Gap > 15 }

// try makes one trial on a network that is idle.
func try(ctx context.Context, s setup, n *network, f fault) (figures, error) {
	fig := figures{Fault: f.name, Mode: s.mode, DownAfter: s.downAfter.Milliseconds(), At: time.Now().UTC().Format(time.RFC3339)}
	if err := os.RemoveAll(s.dir); err != nil {
		return fig, err
	}
	l, err := newLab(ctx, s, n)
	if err != nil {
		return fig, err
	}
	defer l.close()
	defer n.heal() //nolint:errcheck // after a trial that failed; otherwise nothing is cut
	for _, host := range daemonHosts {
		if err := l.startDaemon(host, s.mode); err != nil {
			return fig, err
		}
	}
	rec := history.New()
	c := newCaller(l, rec)
	defer c.close()
	work, err := prepare(ctx, c, s.mode)
	if err != nil {
		return fig, err
	}
	err = errors.Join(work.through(ctx, f, &fig), ctx.Err())
	if err != nil {
		return fig, err
	}
	found, err := rec.Violations(filepath.Join(s.dir, "wrong.txt"))
	fig.Violations, fig.Examples, fig.Things = len(found), found[:min(len(found), 5)], rec.Size()
	return fig, err
}

// through takes the load through the fault, and everything that was acknowledged through the sweep.
func (l *load) through(ctx context.Context, f fault, fig *figures) error {
	begun := l.rec.Now()
	l.begin()
	if err := pause(ctx, warm); err != nil {
		l.finish()
		return err
	}
	master := l.lab.named(ctx)
	injected := l.rec.Now()
	err := f.inject(ctx, l.lab, master)
	effective := l.rec.Now()
	if err == nil {
		err = l.endure(ctx, f)
	}
	if err == nil && f.master && !await(startup, func() bool { now := l.lab.named(ctx); return now != "" && now != master || ctx.Err() != nil }) {
		err = errors.New("the Sentinels did not replace the master")
	}
	err = errors.Join(err, l.lab.net.heal())
	if f.heal != nil {
		err = errors.Join(err, f.heal(ctx, l.lab, master))
	}
	err = errors.Join(err, pause(ctx, settle))
	ended := l.rec.Now()
	l.finish()
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	l.measure(fig, f, [4]time.Duration{begun, injected, effective, ended})
	fig.Whole = await(slowly, func() bool { return l.lab.whole(ctx) || ctx.Err() != nil })
	fig.Moved = l.lab.named(ctx) != master
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.sweep()
	return nil
}

// endure waits as long as the fault lasts, and then until changes are acknowledged.
func (l *load) endure(ctx context.Context, f fault) error {
	lasts := f.lasts
	if f.master {
		lasts += l.lab.downAfter - time.Second
	}
	if err := pause(ctx, lasts); err != nil {
		return err
	}
	await(slowly, func() bool { return l.rec.Flowing(500*time.Millisecond) || ctx.Err() != nil })
	return pause(ctx, time.Second)
}

// measure takes the figures of the time between two moments, with the fault in between.
func (l *load) measure(fig *figures, f fault, at [4]time.Duration) {
	begun, injected, effective, ended := at[0], at[1], at[2], at[3]
	acknowledged, unknown := l.rec.Changes()
	var acks []time.Duration
	first := ended
	for _, a := range acknowledged {
		acks = append(acks, a.Return)
		if a.Call >= effective {
			first = min(first, a.Return)
		}
	}
	fig.Acknowledged, fig.Unknown = len(acks), unknown
	fig.Gap, fig.First = history.Gap(acks, begun, ended).Seconds(), (first - injected).Seconds()
	for _, host := range daemonHosts {
		if host != f.spares {
			fig.Issue = max(fig.Issue, history.Gap(l.rec.SignedAt("issue "+host), begun, ended).Seconds())
			fig.Introspect = max(fig.Introspect, history.Gap(l.rec.SignedAt("introspect "+host), begun, ended).Seconds())
		}
	}
}

// pause waits, unless the run is broken off.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
