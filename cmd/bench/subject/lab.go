package subject

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
)

// Lab starts the servers of one benchmark and stops them all. Its methods are for one goroutine.
type Lab struct {
	dir     string
	key     string // the daemons' master key
	running []*process.Process

	certificate certificate
}

// NewLab makes a lab with a folder for what its processes write.
func NewLab() (*Lab, error) {
	dir, err := os.MkdirTemp("", "oauth2d-bench-")
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	return &Lab{dir: dir, key: base64.StdEncoding.EncodeToString(raw)}, nil
}

// Close stops every process, the last one first, and removes the folder.
func (l *Lab) Close() {
	for i := len(l.running) - 1; i >= 0; i-- {
		l.running[i].Stop()
	}
	_ = os.RemoveAll(l.dir) // what is left is in the temporary folder
}

// CPU returns the processor time of all servers so far.
func (l *Lab) CPU() time.Duration {
	var total time.Duration
	for _, p := range l.running {
		total += p.CPU()
	}
	return total
}

// Dir returns a new folder of the lab.
func (l *Lab) Dir(name string) (string, error) {
	dir := filepath.Join(l.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

func (l *Lab) start(name string, cmd *exec.Cmd) (*process.Process, error) {
	p, err := process.Start(name, filepath.Join(l.dir, name), cmd)
	if err == nil {
		l.running = append(l.running, p)
	}
	return p, err
}

// Store is Redis, alone or as a group.
type Store struct {
	Addr        string // of the server, or of the first master
	Processes   []*process.Process
	environment []string // the daemon's settings
}

// Redis starts one redis-server without persistence.
func (l *Lab) Redis(ctx context.Context, name string) (*Store, error) {
	addr, p, err := l.server(ctx, name, "redis-server", `save ""`, "appendonly no")
	if err != nil {
		return nil, err
	}
	return &Store{Addr: addr, Processes: []*process.Process{p}, environment: []string{"OAUTH2D_REDIS_MODE=standalone", "OAUTH2D_REDIS_ADDRS=" + addr}}, nil
}

const masterName = "oauth2d"

// Group starts a master, two replicas and three Sentinels, with an append-only file as an operator would have it.
func (l *Lab) Group(ctx context.Context) (*Store, error) {
	settings := []string{`save ""`, "appendonly yes", "appendfsync everysec", "min-replicas-to-write 1", "min-replicas-max-lag 10", "repl-diskless-sync-delay 0", "repl-backlog-size 64mb"}
	master, p, err := l.server(ctx, "master", "redis-server", settings...)
	if err != nil {
		return nil, err
	}
	g := &Store{Addr: master, Processes: []*process.Process{p}}
	host, port, _ := net.SplitHostPort(master) // server made it
	for n := range 2 {
		_, p, err := l.server(ctx, fmt.Sprintf("replica%d", n+1), "redis-server", append(settings, "replicaof "+host+" "+port)...)
		if err != nil {
			return nil, err
		}
		g.Processes = append(g.Processes, p)
	}
	var sentinels []string
	for n := range 3 {
		addr, p, err := l.server(ctx, fmt.Sprintf("sentinel%d", n+1), "redis-sentinel", fmt.Sprintf("sentinel monitor %s %s %s 2", masterName, host, port),
			"sentinel down-after-milliseconds "+masterName+" 5000")
		if err != nil {
			return nil, err
		}
		sentinels = append(sentinels, addr)
		if n == 2 {
			if _, err := p.Await(func() bool { return l.agree(ctx, sentinels) }); err != nil {
				return nil, errors.Join(errors.New("the Sentinels do not agree"), err)
			}
		}
	}
	g.environment = []string{"OAUTH2D_REDIS_MODE=sentinel", "OAUTH2D_REDIS_MASTER_NAME=" + masterName, "OAUTH2D_REDIS_ADDRS=" + strings.Join(sentinels, ",")}
	return g, nil
}

// agree reports whether every Sentinel knows both replicas and both other Sentinels.
func (l *Lab) agree(ctx context.Context, sentinels []string) bool {
	for _, addr := range sentinels {
		client := redis.NewSentinelClient(&redis.Options{Addr: addr, DisableIdentity: true, Protocol: 2, TLSConfig: l.certificate.client()})
		master, err := client.Master(ctx, masterName).Result()
		_ = client.Close() // it was only read
		if err != nil || master["num-slaves"] != "2" || master["num-other-sentinels"] != "2" {
			return false
		}
	}
	return true
}

// server starts a redis-server or Sentinel and waits until it answers.
func (l *Lab) server(ctx context.Context, name, program string, settings ...string) (addr string, p *process.Process, err error) {
	dir, err := l.Dir(name)
	if err != nil {
		return "", nil, err
	}
	port, err := process.FreePort()
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(dir, "server.conf")
	lines := append(append(l.certificate.redis(port), "bind 127.0.0.1", "dir "+dir, "daemonize no"), settings...)
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return "", nil, err
	}
	if p, err = l.start(name, exec.CommandContext(context.WithoutCancel(ctx), program, file)); err != nil {
		return "", nil, fmt.Errorf("%w; hint: make packages installs Redis", err)
	}
	addr = net.JoinHostPort("127.0.0.1", port)
	client := l.client(addr)
	defer client.Close() //nolint:errcheck // it was only read
	_, err = p.Await(func() bool { return client.Ping(ctx).Err() == nil && linked(ctx, client, program) })
	return addr, p, err
}

// linked reports whether a replica follows its master; a master and a Sentinel need nothing.
func linked(ctx context.Context, client *redis.Client, program string) bool {
	if program != "redis-server" {
		return true
	}
	role, err := client.Do(ctx, "role").Slice()
	return err == nil && (role[0] == "master" || len(role) > 3 && role[3] == "connected")
}
