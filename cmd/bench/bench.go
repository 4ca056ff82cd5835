package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
	"github.com/recipe-web-app/oauth2d/cmd/bench/report"
	"github.com/recipe-web-app/oauth2d/cmd/bench/scenario"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
)

// bed is everything that is measured in one run.
type bed struct {
	lab                                *subject.Lab
	relaxed, relaxedGroup, strictGroup *scenario.Daemon
	ceilings, peerLanes                []*lane
}

// bench measures the daemon against the ceilings.
func (o options) bench(ctx context.Context) error {
	started := time.Now()
	lab, err := subject.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	b := &bed{lab: lab}
	fmt.Fprintln(os.Stderr, "starting Redis, a Sentinel group, three daemons and the ceilings")
	if err := b.start(ctx, o); err != nil {
		return err
	}
	defer b.close()
	others := watchMachine(lab)
	lanes := o.selected(b.lanes())
	if len(lanes) == 0 {
		return fmt.Errorf("no row matches %q", o.rows)
	}
	if err := o.alternate(ctx, lanes, func() error { return b.refill(ctx) }); err != nil {
		return err
	}
	steady, err := o.atHalf(ctx, daemonLanes(lanes))
	if err != nil {
		return err
	}
	r := report.Result{
		Started: started.UTC().Truncate(time.Second), Machine: process.Machine(), Disturbed: others(), Versions: versions(ctx, o.binary), Connections: connections, Rounds: len(lanes[0].Samples),
		Seconds: o.duration.Seconds(),
	}
	for _, l := range append(lanes, steady...) {
		r.Rows = append(r.Rows, l.Row())
	}
	r.Targets = append(report.Targets(r.Rows), b.targets(lanes)...)
	return o.publish(r)
}

// watchMachine returns a function that reports which share of the processors was used since by programs that are not part
// of the benchmark. Rates and latencies of a disturbed run say little.
func watchMachine(lab *subject.Lab) func() float64 {
	began, busy, own := time.Now(), process.Busy(), process.Own()+lab.CPU()
	return func() float64 {
		ours := process.Own() + lab.CPU() - own
		all := time.Since(began) * time.Duration(runtime.NumCPU())
		return max(0, float64(process.Busy()-busy-ours)/float64(all))
	}
}

// publish prints a result and writes its files.
func (o options) publish(r report.Result) error {
	if err := r.Table(os.Stdout); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	if err := r.WriteJSON(o.out); err != nil {
		return err
	}
	if err := os.WriteFile(strings.TrimSuffix(o.out, filepath.Ext(o.out))+".md", []byte(r.Markdown()), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "\n%s and %s are written, after %s\n", o.out, o.plot, time.Since(r.Started).Round(time.Second))
	return os.WriteFile(o.plot, []byte(r.Plot()), 0o644)
}

// start starts all servers and prepares the daemons.
func (b *bed) start(ctx context.Context, o options) error {
	alone, err := b.lab.Redis(ctx, "redis")
	if err != nil {
		return err
	}
	group, err := b.lab.Group(ctx)
	if err != nil {
		return err
	}
	for name, store := range map[string]*subject.Store{"alone": alone, "group": group} {
		secrets, err := b.lab.Register(ctx, name, o.binary, store)
		if err != nil {
			return err
		}
		if store == alone {
			b.relaxed, err = b.daemon(ctx, "relaxed", o.binary, store, secrets)
		} else if b.relaxedGroup, err = b.daemon(ctx, "relaxed-group", o.binary, store, secrets); err == nil {
			b.strictGroup, err = b.daemon(ctx, "strict-group", o.binary, store, secrets)
		}
		if err != nil {
			return err
		}
	}
	answers, err := b.relaxed.Answers(ctx)
	if err != nil {
		return err
	}
	ceilings, err := b.lab.Ceiling(ctx, alone, answers)
	if err != nil {
		return err
	}
	for _, w := range scenario.Ceilings(ceilings, answers) {
		b.ceilings = append(b.ceilings, newLane(w, report.CeilingMode, ceilings))
	}
	if o.peers != "" {
		return b.startPeer(ctx, o.peers)
	}
	return nil
}

// daemon starts a daemon and prepares it. Its name begins with its durability.
func (b *bed) daemon(ctx context.Context, name, binary string, store *subject.Store, secrets map[string]string) (*scenario.Daemon, error) {
	durability, _, _ := strings.Cut(name, "-")
	d, err := b.lab.Daemon(ctx, subject.Setup{Name: name, Binary: binary, Durability: durability, Store: store, Secrets: secrets})
	if err != nil {
		return nil, err
	}
	return scenario.NewDaemon(ctx, d)
}

func (b *bed) startPeer(ctx context.Context, dir string) error {
	store, err := b.lab.Redis(ctx, "redis-of-peer")
	if err != nil {
		return err
	}
	s, err := b.lab.NodeOIDCProvider(ctx, dir, store)
	if err != nil {
		return err
	}
	conn, err := load.Dial(ctx, s.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	workloads, err := scenario.Peer(conn, s, "/token/introspection")
	for _, w := range workloads {
		b.peerLanes = append(b.peerLanes, newLane(w, "node-oidc-provider", s))
	}
	return err
}

func newLane(w scenario.Workload, mode string, s *subject.Subject) *lane {
	return &lane{Series: &report.Series{Name: w.Name, Mode: mode, Load: report.Closed}, subject: s, workload: w}
}

func (b *bed) refill(ctx context.Context) error {
	for _, d := range []*scenario.Daemon{b.relaxed, b.relaxedGroup, b.strictGroup} {
		if err := d.Refill(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bed) close() {
	for _, d := range []*scenario.Daemon{b.relaxed, b.relaxedGroup, b.strictGroup} {
		d.Close()
	}
}

// versions are those that the figures depend on.
func versions(ctx context.Context, binary string) []string {
	all := []string{runtime.Version()}
	for _, words := range [][]string{{binary, "version"}, {"redis-server", "--version"}} {
		out, err := exec.CommandContext(ctx, words[0], words[1:]...).Output()
		if err != nil {
			out = []byte(words[0] + ": unknown version")
		}
		line, _, _ := strings.Cut(string(out), "sha=") // of Redis: what follows is of no use
		line, _, _ = strings.Cut(line, "commit")       // of the daemon: the version names it
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return all
}
