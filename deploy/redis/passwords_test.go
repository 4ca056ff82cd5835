package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// passwordsChange walks one node through a rotation of a password: what the settings list is accepted, nothing else, and
// users.acl has it. A list without the admin password that the node has changes nothing.
func (g *group) passwordsChange(t *testing.T) {
	node, old, next := g.redis[0], g.passwords["monitor"], "the-next-password"
	apply := func(extra ...string) (string, error) {
		t.Helper()
		settings, err := os.ReadFile(g.path(node, ".env"))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("bin/apply-passwords.sh")
		cmd.Env = os.Environ()
		for line := range strings.Lines(string(settings)) {
			cmd.Env = append(cmd.Env, strings.ReplaceAll(strings.TrimSpace(line), `"`, ""))
		}
		cmd.Env = append(cmd.Env, extra...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	accepted := func(password string) bool {
		answer, _ := g.cli(node, "monitor", password, "PING")
		return answer == "PONG"
	}
	for _, step := range []struct {
		list       string
		both, last bool // which of the old and the next password are accepted after it
	}{{old + " " + next, true, true}, {next + "\n" + old, true, true}, {next, false, true}, {next, false, true}, {old, true, false}} {
		if out, err := apply("MONITOR_PASSWORD=" + step.list); err != nil {
			t.Errorf("%q: %v\n%s", step.list, err, out)
		}
		if accepted(old) != step.both || accepted(next) != step.last {
			t.Errorf("%q: the old one is accepted: %v, the next one: %v", step.list, accepted(old), accepted(next))
		}
	}
	before, err := os.ReadFile(g.path(node, "/users.acl"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := apply("MONITOR_PASSWORD="+next, "ADMIN_PASSWORD=wrong")
	if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, "accepts no password of ADMIN_PASSWORD, so nothing was changed") {
		t.Errorf("a wrong admin password: %v\n%s", err, out)
	}
	if out, err = apply("MONITOR_PASSWORD=a b'c"); err == nil || !strings.Contains(out, "MONITOR_PASSWORD: only letters") {
		t.Errorf("a password that no file can hold: %v\n%s", err, out)
	}
	if after, err := os.ReadFile(g.path(node, "/users.acl")); err != nil || !bytes.Equal(after, before) || !accepted(old) {
		t.Errorf("a refused list has changed something (%v)", err)
	}
}
