package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/cmd/faults/pods"
)

const (
	masterName   = "oauth2d"
	redisPort    = "6379"
	sentinelPort = "26379"
	publicPort   = "8080"
	adminPort    = "9090"
	issuer       = "https://login.test"
	startup      = 30 * time.Second // the machine may be busy
)

// The hosts by what they are for.
var (
	redisHosts    = []string{"r1", "r2", "r3"}
	sentinelHosts = []string{"s1", "s2", "s3"}
	daemonHosts   = []string{"d1", "d2"}
)

// setup is shared by all trials of a run.
type setup struct {
	binary    string        // oauth2d
	mode      string        // strict, relaxed or wait1
	downAfter time.Duration // of the Sentinels
	dir       string        // for what the processes leave
	manifests string        // of the rendered chart, whose pods run instead; "": none
}

// lab is one group with its daemons. Its methods are for one goroutine.
type lab struct {
	setup
	net     *network
	key     string // the daemons' master key
	modes   map[string]string
	running map[string]*process
	clients map[string]*redis.Client // of Redis and the Sentinels, for the harness itself
	chart   *pods.Group              // nil: the harness's own settings
	daemons map[string][]string      // with a chart: the environment of each daemon

	names    map[string]string // with a chart: the announced name of each node and Sentinel
	podLines map[string]int64  // with a chart: where in the hosts file the line of each pod begins
}

// newLab starts a fresh group on the network, and daemons on it.
func newLab(ctx context.Context, s setup, n *network) (_ *lab, err error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	l := &lab{
		setup: s, net: n, key: base64.StdEncoding.EncodeToString(raw), modes: map[string]string{},
		running: map[string]*process{}, clients: map[string]*redis.Client{}, daemons: map[string][]string{},
		names: map[string]string{}, podLines: map[string]int64{},
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.manifests != "" {
		err = l.startPods(ctx)
		return l, err
	}
	for _, host := range redisHosts {
		if err := l.startRedis(host, "r1"); err != nil {
			return nil, err
		}
	}
	if !await(startup, func() bool { return l.attached(ctx, "r1") }) {
		return nil, errors.New("the replicas do not follow the master")
	}
	for _, host := range sentinelHosts {
		if err := l.startSentinel(ctx, host); err != nil {
			return nil, err
		}
	}
	if !await(startup, func() bool { return l.whole(ctx) }) {
		return nil, errors.New("the Sentinels do not agree")
	}
	return l, nil
}

// close ends every process.
func (l *lab) close() {
	for _, client := range l.clients {
		_ = client.Close() // nothing is under way
	}
	for _, p := range l.running {
		p.kill()
	}
}

// kill ends the server of a host at once. A pod is gone with it, and so is its name.
func (l *lab) kill(host string) error {
	l.running[host].kill()
	return l.showName(host, false)
}

func (l *lab) hostDir(host string) (string, error) {
	dir := filepath.Join(l.dir, host)
	return dir, os.MkdirAll(dir, 0o700)
}

// startRedis starts a node with the files that it had. It follows master, unless it is the master.
func (l *lab) startRedis(host, master string) error {
	dir, err := l.hostDir(host)
	if err != nil {
		return err
	}
	lines := []string{
		"port " + redisPort, "bind " + l.net.addr(host), "bind-source-addr " + l.net.addr(host), "replica-announce-ip " + l.net.addr(host), "protected-mode no", "dir " + dir,
		`save ""`, "appendonly yes", "appendfsync everysec", "min-replicas-to-write 1", "min-replicas-max-lag 10", "repl-timeout 10",
		"repl-ping-replica-period 1", "repl-diskless-sync-delay 0", "repl-backlog-size 64mb", "maxmemory-policy noeviction",
	}
	if host != master {
		lines = append(lines, "replicaof "+l.net.addr(master)+" "+redisPort)
	}
	return l.startServer(host, "redis-server", redisPort, lines)
}

// startSentinel starts a Sentinel with the memory that it had.
func (l *lab) startSentinel(ctx context.Context, host string) error {
	if l.chart != nil {
		return l.startPod(host)
	}
	file := filepath.Join(l.dir, host, "server.conf")
	var err error
	if _, missing := os.Stat(file); missing == nil {
		err = l.run(host, "redis-sentinel", file)
	} else {
		err = l.newSentinel(host)
	}
	if err != nil || l.downAfter > pingPeriod {
		return err
	}
	if !await(startup, func() bool {
		return l.clients[host].Do(ctx, "sentinel", "debug", "ping-period", pingPeriod.Milliseconds()/2).Err() == nil
	}) {
		return errors.New("the Sentinel on " + host + " does not answer")
	}
	return nil
}

// pingPeriod is the time between two pings of a Sentinel. One that marks a server down after no more than that may
// do so before its first ping to a new master is due, and fail over a second time; such Sentinels
// are made to ping twice as often.
const pingPeriod = time.Second

func (l *lab) newSentinel(host string) error {
	return l.startServer(host, "redis-sentinel", sentinelPort, []string{
		"port " + sentinelPort, "bind " + l.net.addr(host), "protected-mode no", "dir " + filepath.Join(l.dir, host),
		"sentinel announce-ip " + l.net.addr(host),
		fmt.Sprintf("sentinel monitor %s %s %s 2", masterName, l.net.addr("r1"), redisPort),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", masterName, l.downAfter.Milliseconds()),
		"sentinel failover-timeout " + masterName + " 10000", "sentinel parallel-syncs " + masterName + " 1",
	})
}

func (l *lab) startServer(host, program, port string, lines []string) error {
	dir, err := l.hostDir(host)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	if l.clients[host] == nil {
		l.clients[host] = redis.NewClient(observer(l.net.addr(host) + ":" + port))
	}
	return l.run(host, program, file)
}

// observer are the options of the harness's own connections.
func observer(addr string) *redis.Options {
	return &redis.Options{
		Addr: addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1,
		DialTimeout: time.Second, ReadTimeout: time.Second, ContextTimeoutEnabled: true,
	}
}

func (l *lab) run(host string, words ...string) error {
	dir, err := l.hostDir(host)
	if err != nil {
		return err
	}
	p, err := start(l.net.command(context.Background(), host, words...), dir, "log")
	if err == nil {
		l.running[host] = p
	}
	return err
}

// startNode starts a node again as its start script does: it asks the Sentinels first, and follows
// the master that most of them name.
func (l *lab) startNode(ctx context.Context, host string) error {
	if l.chart != nil {
		return l.startPod(host)
	}
	master := ""
	if !await(startup, func() bool { master = l.named(ctx); return master != "" }) {
		return errors.New("the Sentinels name no master")
	}
	return l.startRedis(host, master)
}

// named is the host that a majority of the Sentinels calls the master; "" when there is none.
func (l *lab) named(ctx context.Context) string {
	votes := map[string]int{}
	for _, sentinel := range sentinelHosts {
		pair, err := l.clients[sentinel].Do(ctx, "sentinel", "get-master-addr-by-name", masterName).StringSlice()
		if err == nil && len(pair) == 2 {
			votes[pair[0]]++
		}
	}
	for _, host := range redisHosts {
		if votes[l.name(host)] > len(sentinelHosts)/2 {
			return host
		}
	}
	return ""
}

// attached reports whether a node is master and both others follow it without a gap.
func (l *lab) attached(ctx context.Context, master string) bool {
	for _, host := range redisHosts {
		role, err := l.clients[host].Do(ctx, "role").Slice()
		if err != nil || len(role) < 3 {
			return false
		}
		if host == master {
			replicas, _ := role[2].([]any)
			if role[0] != "master" || len(replicas) != len(redisHosts)-1 {
				return false
			}
		} else if role[0] != "slave" || role[1] != l.name(master) || len(role) < 4 || role[3] != "connected" {
			return false
		}
	}
	return true
}

// whole reports whether all Sentinels agree that all is well, and the nodes are as they say.
func (l *lab) whole(ctx context.Context) bool {
	master := l.named(ctx)
	if master == "" || !l.attached(ctx, master) {
		return false
	}
	for _, sentinel := range sentinelHosts {
		said, err := l.clients[sentinel].Do(ctx, "sentinel", "master", masterName).StringSlice()
		if err != nil {
			return false
		}
		fields := map[string]string{}
		for i := 0; i+1 < len(said); i += 2 {
			fields[said[i]] = said[i+1]
		}
		if fields["flags"] != "master" || fields["num-slaves"] != "2" || fields["num-other-sentinels"] != "2" || fields["ip"] != l.name(master) {
			return false
		}
	}
	return true
}

// base is where a daemon answers.
func (l *lab) base(host string) string { return "http://" + l.net.addr(host) + ":" + publicPort }

// environment are a daemon's settings, and those of the command line beside it.
func (l *lab) environment(host, mode string) []string {
	fast := []string{
		"HOME=" + os.Getenv("HOME"), "OAUTH2D_REFRESH_GRACE=0s", "OAUTH2D_SESSION_LIMIT=100",
		"OAUTH2D_LIMITS_LOGIN_IP=off", "OAUTH2D_LIMITS_AUTHORIZE_IP=off", "OAUTH2D_LIMITS_LOGIN_FAILURES=off", "OAUTH2D_LIMITS_LOGIN_FAILURES_IP=off",
		"OAUTH2D_PASSWORD_MEMORY=8192", "OAUTH2D_PASSWORD_TIME=1", // the cheapest that is allowed
	}
	if l.chart != nil {
		return append(l.podSettings(host), fast...)
	}
	var sentinels []string
	for _, one := range sentinelHosts {
		sentinels = append(sentinels, l.net.addr(one)+":"+sentinelPort)
	}
	return append(fast,
		"PATH="+os.Getenv("PATH"), "OAUTH2D_ISSUER="+issuer, "OAUTH2D_MASTER_KEY="+l.key,
		"OAUTH2D_SERVER_LISTEN="+l.net.addr(host)+":"+publicPort, "OAUTH2D_ADMIN_LISTEN="+l.net.addr(host)+":"+adminPort,
		"OAUTH2D_REDIS_MODE=sentinel", "OAUTH2D_REDIS_MASTER_NAME="+masterName, "OAUTH2D_REDIS_ADDRS="+strings.Join(sentinels, ","),
		"OAUTH2D_REDIS_DURABILITY="+mode,
	)
}

// startDaemon starts the server on a host. WAIT 1 is not a setting of the server: the harness itself is
// the daemon then.
func (l *lab) startDaemon(host, mode string, more ...string) error {
	l.modes[host] = mode
	dir, err := l.hostDir(host)
	if err != nil {
		return err
	}
	words, env := []string{l.binary, "serve"}, append(l.environment(host, mode), more...)
	if mode == waitOne {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		words, env = []string{self}, append(l.environment(host, "relaxed"), asDaemon+"=1")
	}
	cmd := l.net.command(context.Background(), host, words...)
	cmd.Env = env
	p, err := start(cmd, dir, "log")
	if err != nil {
		return err
	}
	l.running[host] = p
	if await(startup, func() bool { return l.ready(host) }) {
		return nil
	}
	return fmt.Errorf("the daemon on %s does not become ready; its log is %s", host, filepath.Join(dir, "log"))
}

func (l *lab) ready(host string) bool {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get("http://" + l.net.addr(host) + ":" + adminPort + "/health/ready") //nolint:noctx // it has a time-out
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode == http.StatusOK
}
