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
	services = ".auth.svc.cluster.local"
)

// podName returns the name of a host's pod: r1 is the first pod of the StatefulSet of Redis.
func podName(host string) string {
	for set, list := range map[string][]string{release + "-redis": redisHosts, release + "-sentinel": sentinelHosts} {
		if i := slices.Index(list, host); i >= 0 {
			return fmt.Sprintf("%s-%d", set, i)
		}
	}
	return host
}

// name returns the name that the group uses for a host.
func (l *lab) name(host string) string {
	if name, found := l.names[host]; found {
		return name
	}
	return l.net.addr(host)
}

// announced returns the name under which a pod of Redis or Sentinel announces itself.
func announced(environ []string) string {
	for _, one := range environ {
		if name, value, _ := strings.Cut(one, "="); name == "REDIS_ANNOUNCE_HOST" || name == "SENTINEL_ANNOUNCE_HOST" {
			return value
		}
	}
	return ""
}

// nameHosts makes names known on every host of the lab: those of Services always, those of pods as showName says.
// For a name that is not known the resolver goes on to a server that never answers, as the search list of a pod may lead
// to one outside the cluster.
func (l *lab) nameHosts() error {
	content := "127.0.0.1 localhost\n"
	for _, host := range append(slices.Clone(redisHosts), sentinelHosts...) {
		pod := podName(host)
		for _, service := range l.chart.Services(pod) {
			content += l.net.service(host) + " " + service + services + "\n"
		}
		l.podLines[host] = int64(len(content))
		content += "#" + l.net.addr(host) + " " + pod + "." + pod[:strings.LastIndex(pod, "-")] + services + "\n"
	}
	resolver := "nameserver " + l.net.nobody() + "\noptions ndots:2 timeout:1 attempts:2\n" // the chart's dnsConfig
	for file, content := range map[string]string{"hosts": content, "resolv.conf": resolver} {
		path := filepath.Join(l.dir, file)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // names are no secret
			return err
		}
		if err := pods.BindMount(path, "/etc/"+file); err != nil {
			return err
		}
	}
	return nil
}

// showName makes the name of a pod known, or unknown: the pod is gone, and no machine can run another one. One byte
// of its line changes, so no reader sees half a file.
func (l *lab) showName(host string, known bool) error {
	at, found := l.podLines[host]
	if !found {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(l.dir, "hosts"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	first := "#"
	if known {
		first = " "
	}
	_, err = file.WriteAt([]byte(first), at)
	return errors.Join(err, file.Close())
}

// startPods starts Redis and Sentinels as Kubernetes does: all at once.
func (l *lab) startPods(ctx context.Context) (err error) {
	if l.chart, err = pods.NewGroup(l.manifests, release, filepath.Join(l.dir, "tls"), l.key); err != nil {
		return err
	}
	if err := l.nameHosts(); err != nil {
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
		l.names[host] = announced(p.Environ)
		o := observer(l.net.addr(host) + ":" + port)
		o.TLSConfig, o.Username, o.Password = l.chart.TLS.Clone(), "admin", l.chart.AdminPassword
		o.TLSConfig.ServerName = l.name(host)
		l.clients[host] = redis.NewClient(o)
	}
	if err := l.showName(host, true); err != nil {
		return err
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
