package main

import (
	"context"
	"errors"
	"time"
)

// fault is one thing that goes wrong, and how it is repaired.
type fault struct {
	name   string
	lasts  time.Duration // at least; longer until changes are acknowledged again
	master bool          // the master is lost: the Sentinels need their time to notice
	links  bool          // it needs links that can be cut
	spares string        // the daemon that the fault itself takes away; "" is none
	inject func(ctx context.Context, l *lab, master string) error
	heal   func(ctx context.Context, l *lab, master string) error // after the links were repaired
}

// How long faults last.
const (
	lost   = 6 * time.Second // with its master
	shaken = 4 * time.Second
)

// faults is every fault by its name.
func faults() []fault {
	restart := func(ctx context.Context, l *lab, master string) error { return l.startNode(ctx, master) }
	resume := func(host func(master string) string) func(context.Context, *lab, string) error {
		return func(_ context.Context, l *lab, master string) error { l.running[host(master)].resume(); return nil }
	}
	self := func(host string) string { return host }
	return []fault{
		{name: "kill", lasts: lost, master: true, heal: restart, inject: func(_ context.Context, l *lab, master string) error {
			return l.kill(master)
		}},
		{name: "machine", lasts: lost, master: true, inject: func(_ context.Context, l *lab, master string) error {
			return errors.Join(l.kill(master), l.kill("s1"))
		}, heal: func(ctx context.Context, l *lab, master string) error {
			return errors.Join(l.startNode(ctx, master), l.startSentinel(ctx, "s1"))
		}},
		{name: "crash", lasts: lost, master: true, links: true, heal: restart, inject: func(_ context.Context, l *lab, master string) error {
			err := l.net.cut([]string{master}, others(master))
			time.Sleep(100 * time.Millisecond)
			return errors.Join(err, l.kill(master))
		}},
		{name: "restart", lasts: shaken, inject: func(ctx context.Context, l *lab, master string) error {
			return errors.Join(l.kill(master), l.startNode(ctx, master))
		}},
		{name: "pause", lasts: lost, master: true, heal: resume(self), inject: func(_ context.Context, l *lab, master string) error {
			l.running[master].pause()
			return nil
		}},
		{name: "partition", lasts: lost, master: true, links: true, inject: func(_ context.Context, l *lab, master string) error {
			return l.net.cut([]string{master}, append(replicas(master), sentinelHosts...))
		}},
		{name: "partition-one", lasts: lost, master: true, links: true, spares: "d1", inject: func(_ context.Context, l *lab, master string) error {
			rest := append(append(replicas(master), sentinelHosts...), "d2")
			return l.net.cut([]string{master, "d1"}, rest)
		}},
		{name: "sentinel-cut", lasts: lost, master: true, links: true, inject: func(_ context.Context, l *lab, master string) error {
			return l.net.cut([]string{master}, sentinelHosts)
		}},
		{name: "failover", lasts: shaken, inject: func(ctx context.Context, l *lab, _ string) error {
			return l.clients[sentinelHosts[0]].Do(ctx, "sentinel", "failover", masterName).Err()
		}},
		{name: "replica-kill", lasts: shaken, inject: func(_ context.Context, l *lab, master string) error {
			return l.kill(replicas(master)[0])
		}, heal: func(ctx context.Context, l *lab, master string) error { return l.startNode(ctx, replicas(master)[0]) }},
		{name: "replica-pause", lasts: shaken, inject: func(_ context.Context, l *lab, master string) error {
			l.running[replicas(master)[0]].pause()
			return nil
		}, heal: resume(func(master string) string { return replicas(master)[0] })},
		{name: "sentinel-kill", lasts: shaken, inject: func(_ context.Context, l *lab, _ string) error {
			return l.kill("s1")
		}, heal: func(ctx context.Context, l *lab, _ string) error { return l.startSentinel(ctx, "s1") }},
		{name: "daemon-kill", lasts: 2 * time.Second, spares: "d1", inject: func(_ context.Context, l *lab, _ string) error {
			l.running["d1"].kill()
			return nil
		}, heal: func(_ context.Context, l *lab, _ string) error { return l.startDaemon("d1", l.modes["d1"]) }},
		{name: "restart-all", lasts: shaken, inject: restartAll},
	}
}

// restartAll is a power cut that the disks outlive: all of Redis and all Sentinels at once.
func restartAll(ctx context.Context, l *lab, master string) error {
	nodes := append([]string{master}, replicas(master)...)
	for _, host := range append(append([]string{}, nodes...), sentinelHosts...) {
		l.running[host].pause() // so that they end at the same time
	}
	var all []error
	for _, host := range append(append([]string{}, nodes...), sentinelHosts...) {
		all = append(all, l.kill(host))
	}
	for _, host := range sentinelHosts {
		all = append(all, l.startSentinel(ctx, host))
	}
	for _, host := range nodes {
		all = append(all, l.startNode(ctx, host))
	}
	return errors.Join(all...)
}

// replicas are the nodes beside the master.
func replicas(master string) []string {
	var rest []string
	for _, host := range redisHosts {
		if host != master {
			rest = append(rest, host)
		}
	}
	return rest
}

// others are all hosts but one.
func others(host string) []string {
	var rest []string
	for _, one := range hosts {
		if one.name != host {
			rest = append(rest, one.name)
		}
	}
	return rest
}
