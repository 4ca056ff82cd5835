// Package systemd_test holds the units to systemd's own checks, and runs what they start.
package systemd_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	patience = 90 * time.Second
	// exposure is the highest score of systemd-analyze security that a unit may have, times ten. docs/one-machine.md
	// has the scores.
	exposure = "13"
)

// machine is a folder that the units were installed into.
type machine struct{ root string }

// The units are valid, let nothing through that they do not need, and what they start becomes a daemon that is ready on
// a Sentinel group.
func TestUnits(t *testing.T) {
	t.Parallel()
	m := install(t)
	units := []string{"oauth2d.service", "oauth2d-redis@7401.service", "oauth2d-sentinel@7411.service"}
	t.Run("verify", func(t *testing.T) {
		out, err := m.analyze(append([]string{"verify", "--man=no"}, units...)...)
		if err != nil || strings.TrimSpace(out) != "" {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("security", func(t *testing.T) {
		for _, unit := range units {
			out, err := m.analyze("security", "--no-pager", "--offline=true", "--threshold="+exposure, unit)
			lines := strings.Split(strings.TrimSpace(out), "\n")
			t.Log(lines[len(lines)-1])
			if err != nil {
				t.Errorf("%s: %v\n%s", unit, err, out)
			}
		}
	})
	t.Run("run", m.run)
}

func install(t *testing.T) machine {
	t.Helper()
	m := machine{root: t.TempDir()}
	binary := filepath.Join(t.TempDir(), "oauth2d")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/oauth2d").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for range 2 { // the second changes nothing
		command := exec.CommandContext(t.Context(), "./install.sh", "https://login.example.com", binary)
		command.Env = append(os.Environ(), "DESTDIR="+m.root)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("install.sh: %v\n%s", err, out)
		}
	}
	info, err := os.Stat(m.path("/etc/oauth2d/credentials/master-key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the master key: %v, %v", info, err)
	}
	// The units of the system, and the one program of it that they name.
	for from, to := range map[string]string{"/lib/systemd/system": "/usr/lib/systemd/system", "/bin/kill": "/bin/kill"} {
		if err := os.MkdirAll(filepath.Dir(m.path(to)), 0o755); err != nil { //nolint:gosec // a test's own folder
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, m.path(to)).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v\n%s", err, out)
		}
	}
	return m
}

func (m machine) path(name string) string { return filepath.Join(m.root, name) }

func (m machine) analyze(args ...string) (string, error) {
	command := exec.CommandContext(context.Background(), "systemd-analyze", append([]string{args[0], "--root=" + m.root}, args[1:]...)...)
	command.Env = append(os.Environ(), "SYSTEMD_COLORS=0", "SYSTEMD_EMOJI=0")
	out, err := command.CombinedOutput()
	return string(out), err
}

// run starts the command lines of the units with their environment and their credentials, as systemd would.
func (m machine) run(t *testing.T) {
	redis, sentinels := ports(t, 3), ports(t, 3)
	m.edit(t, "/etc/oauth2d/group.env", map[string]string{
		"SENTINELS":      `"` + strings.Join(local(sentinels), " ") + `"`,
		"INITIAL_MASTER": local(redis)[0], "BOOTSTRAP": local(redis)[0],
	})
	admin := redistest.FreePort(t)
	m.edit(t, "/etc/oauth2d/oauth2d.env", map[string]string{
		"OAUTH2D_SERVER_LISTEN": "127.0.0.1:" + redistest.FreePort(t), "OAUTH2D_REDIS_ADDRS": strings.Join(local(sentinels), ","),
		"OAUTH2D_ADMIN_LISTEN": "127.0.0.1:" + admin, "OAUTH2D_REDIS_START_TIMEOUT": patience.String(), "OAUTH2D_REDIS_TIMEOUT": "5s",
	})
	for _, port := range redis {
		m.start(t, "oauth2d-redis@", port)
	}
	for _, port := range sentinels {
		m.start(t, "oauth2d-sentinel@", port)
	}
	m.start(t, "oauth2d", "")
	redistest.Eventually(t, patience, "the daemon is ready", func() bool {
		return exec.CommandContext(t.Context(), m.path("/usr/local/bin/oauth2d"), "healthcheck", "--url", "http://127.0.0.1:"+admin+"/health/ready").Run() == nil
	})
	for _, args := range [][]string{{"healthcheck"}, {"client", "list", "--direct"}} {
		command := exec.CommandContext(t.Context(), m.path("/usr/local/sbin/oauth2dctl"), args...)
		command.Env = []string{"PATH=" + os.Getenv("PATH"), "OAUTH2DCTL_ETC=" + m.path("/etc/oauth2d"), "OAUTH2DCTL_BINARY=" + m.path("/usr/local/bin/oauth2d")}
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("oauth2dctl %s: %v\n%s", args[0], err, out)
		}
	}
}

// start runs the ExecStart of a unit.
func (m machine) start(t *testing.T, unit, instance string) {
	t.Helper()
	text, err := os.ReadFile(m.path("/etc/systemd/system/" + unit + ".service"))
	if err != nil {
		t.Fatal(err)
	}
	credentials := t.TempDir()
	expand := strings.NewReplacer("%i", instance, "%d", credentials, "%S", m.path("/var/lib")).Replace
	env := []string{"PATH=" + os.Getenv("PATH")}
	program := ""
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch value = expand(value); name {
		case "ExecStart":
			program = value
		case "Environment":
			env = append(env, value)
		case "EnvironmentFile":
			env = append(env, m.envFile(t, value)...)
		case "LoadCredential":
			id, from, _ := strings.Cut(value, ":")
			secret, err := os.ReadFile(m.path(from))
			if err != nil {
				t.Fatalf("%s: %v", unit, err)
			}
			if err := os.WriteFile(filepath.Join(credentials, id), secret, 0o400); err != nil {
				t.Fatal(err)
			}
		case "StateDirectory":
			if err := os.MkdirAll(m.path("/var/lib/"+value), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	words := strings.Fields(program)
	process := exec.CommandContext(context.WithoutCancel(t.Context()), m.path(words[0]), words[1:]...)
	log := new(testkit.Log)
	process.Env, process.Stdout, process.Stderr = env, log, log
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
		_ = process.Wait()
		if t.Failed() {
			end := log.String()
			t.Logf("%s%s:\n%s", unit, instance, end[max(0, len(end)-1500):])
		}
	})
}

// envFile reads a file as EnvironmentFile= does.
func (m machine) envFile(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			env = append(env, name+"="+strings.Trim(value, `"`))
		}
	}
	return env
}

// edit sets variables in a settings file.
func (m machine) edit(t *testing.T, name string, values map[string]string) {
	t.Helper()
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range values {
		text = append(text, "\n"+key+"="+value...)
	}
	if err := os.WriteFile(m.path(name), append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ports(t *testing.T, count int) []string {
	t.Helper()
	all := make([]string, count)
	for i := range all {
		all[i] = redistest.FreePort(t)
	}
	return all
}

func local(ports []string) []string {
	all := make([]string, len(ports))
	for i, port := range ports {
		all[i] = "127.0.0.1:" + port
	}
	return all
}
