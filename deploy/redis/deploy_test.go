// Package deploy_test brings up the Sentinel group that deploy/redis describes, as real processes
// on loopback, and checks what its files promise: the rights of each user, that every link wants TLS with
// the right certificate, and that a node comes back without ever endangering the data.
package deploy_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds how long anything in the group may take; a busy machine needs most of it.
const patience = 40 * time.Second

// TestGroup walks one group through its life: the order of the parts matters.
func TestGroup(t *testing.T) {
	t.Parallel()
	g := up(t)
	t.Run("users", g.users)
	t.Run("sentinel users", g.sentinelUsers)
	t.Run("sentinel probes", g.sentinelProbes)
	t.Run("doctor", g.doctor)
	t.Run("daemon", g.daemon)
	t.Run("backup", g.backup)
	t.Run("I11 passwords change", g.passwordsChange)
	t.Run("tls", g.tls)
	t.Run("a restart keeps what scripts changed", g.restartKeepsScripts)
	t.Run("old master returns as replica", g.oldMasterReturns)
	t.Run("S12 empty master does not start as master", g.emptyMaster)
	t.Run("nobody starts without a majority", g.noMajority)
	t.Run("sentinel without memory asks the others", g.forgetfulSentinel)
}

// group is a running Sentinel group.
type group struct {
	dir       string
	environ   []string
	redis     []string // ports
	sentinels []string // ports
	passwords map[string]string
}

// up starts a group on free ports and takes it down when the test ends.
func up(t *testing.T) *group {
	t.Helper()
	ports := freePorts(t, 6)
	g := &group{dir: t.TempDir(), redis: ports[:3], sentinels: ports[3:]}
	g.environ = append(os.Environ(), "HA_DIR="+g.dir, "DOWN_AFTER_MS=1500",
		"HA_REDIS_PORTS="+strings.Join(g.redis, " "), "HA_SENTINEL_PORTS="+strings.Join(g.sentinels, " "))
	t.Cleanup(func() {
		if out, err := g.script("ha-down.sh").CombinedOutput(); err != nil {
			t.Errorf("ha-down.sh: %v\n%s", err, out)
		}
	})
	said := g.up(t)
	for _, want := range []string{"OAUTH2D_REDIS_MODE=", "OAUTH2D_REDIS_ADDRS=", "OAUTH2D_REDIS_TLS_CA_FILE="} {
		if !strings.Contains(said, want) {
			t.Errorf("ha-up.sh did not print %s", want)
		}
	}
	text, err := os.ReadFile(filepath.Join(g.dir, "passwords.env"))
	if err != nil {
		t.Fatal(err)
	}
	g.passwords = map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, password, _ := strings.Cut(strings.TrimSpace(line), "=")
		g.passwords[strings.ToLower(strings.TrimSuffix(name, "_PASSWORD"))] = password
	}
	return g
}

// up runs ha-up.sh, which starts what is not running.
func (g *group) up(t *testing.T) string {
	t.Helper()
	out, err := g.script("ha-up.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("ha-up.sh: %v\n%s", err, out)
	}
	return string(out)
}

func (g *group) script(name string) *exec.Cmd {
	cmd := exec.Command(filepath.Join("bin", name)) //nolint:gosec // a script of this folder
	cmd.Env = g.environ
	return cmd
}

// cli runs one command on a server with the group's client certificate. An error reply of Redis is
// the returned text and no error.
func (g *group) cli(port, user, password string, command ...string) (string, error) {
	pem := func(name string) string { return filepath.Join(g.dir, "tls", name) }
	return cli(port, user, password, []string{"--tls", "--cacert", pem("ca.crt"), "--cert", pem("client.crt"), "--key", pem("client.key")}, command...)
}

// as is cli for one of the ACL users of Redis.
func (g *group) as(user, port string, command ...string) (string, error) {
	return g.cli(port, user, g.passwords[user], command...)
}

func cli(port, user, password string, options []string, command ...string) (string, error) {
	args := append([]string{"5", "redis-cli", "--no-auth-warning", "-p", port}, options...)
	if user != "" {
		args = append(args, "--user", user, "--pass", password)
	}
	out, err := exec.Command("timeout", append(args, command...)...).CombinedOutput() //nolint:gosec // a test's own words
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("%w: %s", err, text)
	}
	return text, nil
}

// master is the port that all answering Sentinels name, at least the given number of them.
func (g *group) master(atLeast int) (string, error) {
	named := map[string]int{}
	for _, port := range g.sentinels {
		text, err := g.cli(port, "default", g.passwords["sentinel"], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
		if _, master, ok := strings.Cut(text, "\n"); err == nil && ok {
			named[master]++
		}
	}
	for port, count := range named {
		if len(named) == 1 && count >= atLeast {
			return port, nil
		}
	}
	return "", fmt.Errorf("the Sentinels name %v", named)
}

// mustMaster is the port of the master when the group is at rest.
func (g *group) mustMaster(t *testing.T) string {
	t.Helper()
	port, err := g.master(3)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// newMaster waits until the Sentinels name another master than old, and that one says so too.
func (g *group) newMaster(t *testing.T, old string) string {
	t.Helper()
	var port string
	eventually(t, "a new master", func() error {
		var err error
		if port, err = g.master(3); err != nil {
			return err
		}
		if port == old {
			return errors.New("still the old one")
		}
		return g.role(port, "master")
	})
	return port
}

// role reports whether a server has the role and, as a replica, its link.
func (g *group) role(port, want string) error {
	text, err := g.as("monitor", port, "INFO", "replication")
	if err != nil {
		return err
	}
	if !strings.Contains(text, "role:"+want) {
		return fmt.Errorf("%s is not %s", port, want)
	}
	if want == "slave" && !strings.Contains(text, "master_link_status:up") {
		return fmt.Errorf("%s has no link", port)
	}
	return nil
}

// write stores a value and waits until a replica has it.
func (g *group) write(t *testing.T, key, value string) {
	t.Helper()
	master := g.mustMaster(t)
	eventually(t, "a write", func() error {
		text, err := g.as("app", master, "EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", key, value)
		if err == nil && text != "OK" {
			err = errors.New(text)
		}
		return err
	})
	eventually(t, "replicas with the write", func() error { return g.holds(key, value, g.redis...) })
}

// holds reports whether all those servers have the value.
func (g *group) holds(key, value string, ports ...string) error {
	for _, port := range ports {
		if text, err := g.as("app", port, "GET", key); err != nil || text != value {
			return fmt.Errorf("%s on %s is %q: %w", key, port, text, err)
		}
	}
	return nil
}

// name returns the scripts' name of the process on a port: redis1, sentinel3.
func (g *group) name(port string) string {
	for i := range 3 {
		if g.redis[i] == port {
			return "redis" + strconv.Itoa(i+1)
		}
		if g.sentinels[i] == port {
			return "sentinel" + strconv.Itoa(i+1)
		}
	}
	return port
}

func (g *group) path(port, suffix string) string { return filepath.Join(g.dir, g.name(port)+suffix) }

// kill ends a process as a power cut would, as far as a process can notice.
func (g *group) kill(t *testing.T, port string) {
	t.Helper()
	text, err := os.ReadFile(g.path(port, ".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of "+g.name(port), func() error {
		if _, err := g.cli(port, "", "", "PING"); err != nil {
			return nil //nolint:nilerr // the test waits for the absence of an answer
		}
		return errors.New("it still answers")
	})
}

// start runs start-redis.sh for a node as its supervisor would, with more environment, and returns its
// log. ha-down.sh stops it like the others, by its pid file.
func (g *group) start(t *testing.T, port string, more ...string) (log string) {
	t.Helper()
	settings, err := os.ReadFile(g.path(port, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	log = filepath.Join(t.TempDir(), "log")
	out, err := os.Create(log) //nolint:gosec // inside the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	cmd := g.script("start-redis.sh")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	for line := range strings.Lines(string(settings)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		cmd.Env = append(cmd.Env, name+"="+strings.Trim(value, `"`))
	}
	cmd.Env = append(cmd.Env, more...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); _ = out.Close() }()
	if err := os.WriteFile(g.path(port, ".pid"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	return log
}

// says waits for words in a log.
func says(t *testing.T, log, words string) {
	t.Helper()
	eventually(t, "the words "+strconv.Quote(words), func() error {
		text, err := os.ReadFile(log) //nolint:gosec // inside the test's own folder
		if err == nil && !strings.Contains(string(text), words) {
			err = errors.New("the log is: " + string(text))
		}
		return err
	})
}

// eventually tries until it works, or fails the test with the last error.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-end.C:
			t.Fatalf("waited %v for %s: %v", patience, what, err)
		case <-again.C:
		}
	}
}

// freePorts names ports of loopback that nobody listens on.
func freePorts(t *testing.T, count int) []string {
	t.Helper()
	ports, held := make([]string, 0, count), make([]net.Listener, 0, count)
	defer func() { // all at the end, so that no port is named twice
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	return ports
}
