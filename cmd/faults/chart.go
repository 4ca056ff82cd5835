package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/cmd/faults/pods"
)

// The chart's names, as it is rendered for the harness: release oauth2d in the namespace auth.
const (
	release  = "oauth2d"
	podNames = ".%[1]s.auth.svc.cluster.local"
)

// podName returns the pod that a host stands for: r1 is the first pod of the StatefulSet of Redis.
func podName(host string) string {
	for set, list := range map[string][]string{release + "-redis": redisHosts, release + "-sentinel": sentinelHosts} {
		if i := slices.Index(list, host); i >= 0 {
			return fmt.Sprintf("%s-%d", set, i)
		}
	}
	return host
}

// podHost returns the stable name of the pod.
func podHost(host string) string {
	pod := podName(host)
	return pod + fmt.Sprintf(podNames, pod[:strings.LastIndex(pod, "-")])
}

// name returns the name that the group uses for a host.
func (l *lab) name(host string) string {
	if l.chart != nil && !slices.Contains(daemonHosts, host) {
		return podHost(host)
	}
	return l.net.addr(host)
}

// hostsFile makes the names of the pods known on every host of the lab, and to this process.
func (l *lab) hostsFile() error {
	lines := []string{"127.0.0.1 localhost"}
	for _, host := range append(slices.Clone(redisHosts), sentinelHosts...) {
		lines = append(lines, l.net.addr(host)+" "+podHost(host))
	}
	file := filepath.Join(l.dir, "hosts")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // names are no secret
		return err
	}
	return pods.BindMount(file, "/etc/hosts")
}

// startPods starts Redis and Sentinels as Kubernetes does: all at once.
func (l *lab) startPods(ctx context.Context) (err error) {
	if l.chart, err = pods.NewGroup(l.manifests, release, filepath.Join(l.dir, "tls"), l.key); err != nil {
		return err
	}
	if err := l.hostsFile(); err != nil {
		return err
	}
	for _, host := range daemonHosts {
		dir, err := l.hostDir(host)
		if err != nil {
			return err
		}
		p, err := l.chart.Pod("Deployment", release, host, dir)
		if err != nil {
			return err
		}
		l.daemons[host] = p.Environ
	}
	for _, host := range append(slices.Clone(redisHosts), sentinelHosts...) {
		if err := l.startPod(host); err != nil {
			return err
		}
	}
	if !await(2*startup, func() bool { return l.whole(ctx) }) {
		return errors.New("the pods of the chart do not become a group")
	}
	return nil
}

// startPod starts a pod with the volumes that it had.
func (l *lab) startPod(host string) error {
	dir, err := l.hostDir(host)
	if err != nil {
		return err
	}
	pod := podName(host)
	p, err := l.chart.Pod("StatefulSet", pod[:strings.LastIndex(pod, "-")], pod, dir)
	if err != nil {
		return err
	}
	if l.clients[host] == nil {
		port := redisPort
		if slices.Contains(sentinelHosts, host) {
			port = sentinelPort
		}
		o := observer(l.name(host) + ":" + port)
		o.TLSConfig, o.Username, o.Password = l.chart.TLS, "admin", l.chart.AdminPassword
		l.clients[host] = redis.NewClient(o)
	}
	cmd := l.net.command(context.Background(), host, p.Words...)
	cmd.Env = p.Environ
	running, err := start(cmd, dir, "log")
	l.running[host] = running
	return err
}

// podSettings are a daemon's settings as the chart has them: the file that the pod's environment names.
func (l *lab) podSettings(host string) []string {
	return slices.Clone(l.daemons[host])
}
