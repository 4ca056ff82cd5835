package deploy_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// alone is a Redis that start-redis.sh started without Sentinels.
type alone struct {
	group
	environ []string
	pid     int
}

func startAlone(t *testing.T, kind string) *alone {
	t.Helper()
	port := freePorts(t, 1)[0]
	a := &alone{group: group{dir: t.TempDir(), redis: []string{port}, passwords: map[string]string{}}}
	pem := filepath.Join(a.dir, "tls")
	if out, err := exec.Command("bin/make-dev-ca.sh", pem).CombinedOutput(); err != nil { //nolint:gosec // a script of this folder
		t.Fatalf("%v\n%s", err, out)
	}
	a.environ = append(os.Environ(), "REDIS_KIND="+kind, "REDIS_DIR="+filepath.Join(a.dir, "data"), "REDIS_PORT="+port,
		"REDIS_ANNOUNCE_HOST=127.0.0.1", "TLS_CA_FILE="+pem+"/ca.crt", "TLS_CERT_FILE="+pem+"/server.crt", "TLS_KEY_FILE="+pem+"/server.key")
	for _, user := range []string{"admin", "replication", "app", "cache", "monitor", "cleanup", "backup"} {
		a.passwords[user] = "secret-of-" + user
		a.environ = append(a.environ, strings.ToUpper(user)+"_PASSWORD="+a.passwords[user])
	}
	cmd := exec.Command("bin/start-redis.sh")
	cmd.Env = a.environ
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a.pid = cmd.Process.Pid
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually(t, "a ready server", func() error { return a.probe("ready") })
	return a
}

func (a *alone) probe(word string) error {
	cmd := exec.Command("bin/probe.sh", word) //nolint:gosec // a script of this folder
	cmd.Env = append([]string{"SERVER_PID=" + strconv.Itoa(a.pid)}, a.environ...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.New(string(out))
	}
	return nil
}

// A standalone server asks no Sentinels, and takes writes without replicas; a cache evicts, and keeps nothing on disk.
func TestKindsWithoutSentinels(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][2]string{"standalone": {"noeviction", "yes"}, "cache": {"allkeys-lru", "no"}} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := startAlone(t, kind)
			port := a.redis[0]
			if text, err := a.as("cache", port, "SET", "cache:test", "1"); err != nil || text != "OK" {
				t.Errorf("a write: %q, %v", text, err)
			}
			for setting, value := range map[string]string{"maxmemory-policy": want[0], "appendonly": want[1]} {
				if text, err := a.as("admin", port, "CONFIG", "GET", setting); err != nil || !strings.HasSuffix(text, "\n"+value) {
					t.Errorf("%s: %q, %v, want %s", setting, text, err, value)
				}
			}
			if err := a.probe("live"); err != nil {
				t.Errorf("live: %v", err)
			}
			if err := syscall.Kill(a.pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			for _, word := range []string{"live", "ready"} {
				if err := a.probe(word); err == nil || !strings.Contains(err.Error(), "does not answer") {
					t.Errorf("%s of a stopped server: %v", word, err)
				}
			}
			_ = syscall.Kill(a.pid, syscall.SIGCONT)
		})
	}
}

// A node whose environment names another one for the first start waits, is alive but not ready, and ends on SIGTERM.
func TestBootstrapNamesOneNode(t *testing.T) {
	t.Parallel()
	ports := freePorts(t, 3)
	a := &alone{group: group{dir: t.TempDir(), redis: ports[:1]}}
	a.environ = append(os.Environ(), "REDIS_DIR="+a.dir, "REDIS_PORT="+ports[0], "REDIS_ANNOUNCE_HOST=127.0.0.1",
		"SENTINELS=127.0.0.1:"+ports[2], "TLS_CA_FILE=/dev/null", "TLS_CERT_FILE=/dev/null", "TLS_KEY_FILE=/dev/null",
		"BOOTSTRAP=127.0.0.1:"+ports[1])
	for _, user := range []string{"ADMIN", "REPLICATION", "APP", "CACHE", "MONITOR", "CLEANUP", "BACKUP", "SENTINEL"} {
		a.environ = append(a.environ, user+"_PASSWORD=x")
	}
	log := filepath.Join(a.dir, "log")
	out, err := os.Create(log) //nolint:gosec // inside the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bin/start-redis.sh")
	cmd.Env, cmd.Stderr = a.environ, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a.pid = cmd.Process.Pid
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = out.Close() })
	says(t, log, "waiting: no majority of the Sentinels names a master")
	if err := a.probe("live"); err != nil {
		t.Errorf("live: %v", err)
	}
	if err := a.probe("ready"); err == nil {
		t.Error("a node that waits is ready")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 143 {
		t.Errorf("SIGTERM while it waits: %v", err)
	}
}

// The probes of a Sentinel: it answers, and it knows the master of that name.
func (g *group) sentinelProbes(t *testing.T) {
	pem := filepath.Join(g.dir, "tls")
	a := &alone{environ: append(os.Environ(), "SENTINEL_PORT="+g.sentinels[0], "SENTINEL_PASSWORD="+g.passwords["sentinel"],
		"TLS_CA_FILE="+pem+"/ca.crt", "TLS_CERT_FILE="+pem+"/server.crt", "TLS_KEY_FILE="+pem+"/server.key")}
	for _, word := range []string{"sentinel-live", "sentinel-ready"} {
		if err := a.probe(word); err != nil {
			t.Errorf("%s: %v", word, err)
		}
	}
	a.environ = append(a.environ, "MASTER_NAME=other")
	if err := a.probe("sentinel-ready"); err == nil || !strings.Contains(err.Error(), "knows no master") {
		t.Errorf("another master: %v", err)
	}
}
