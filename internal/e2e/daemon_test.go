package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// patience bounds how long an action without a limit of its own may take; the machine may be busy.
const patience = 20 * time.Second

// daemon is one running process of the binary.
type daemon struct {
	URL   string       // of the public listener, without the issuer's path
	Admin string       // of the operators' listener
	Log   *testkit.Log // everything that it wrote to standard error
	Out   *testkit.Log // everything that it wrote to standard output

	process *exec.Cmd
	exited  chan struct{}
}

// launch starts the binary with no environment but env, and does not wait.
func launch(t testing.TB, env []string, args ...string) *daemon {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{Log: new(testkit.Log), Out: new(testkit.Log), exited: make(chan struct{})}
	d.process = exec.CommandContext(context.Background(), name, args...)
	d.process.Env = environment(env)
	d.process.Stderr, d.process.Stdout = d.Log, d.Out
	d.process.SysProcAttr = withParent()
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // withParent binds the child to the thread that starts it
		defer runtime.UnlockOSThread()
		err := d.process.Start()
		started <- err
		if err == nil {
			_ = d.process.Wait() // the exit code is checked instead
		}
		close(d.exited)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.end(t) })
	return d
}

// serve starts a daemon and waits until it is ready.
func serve(t testing.TB, env []string, args ...string) *daemon {
	t.Helper()
	d := launch(t, env, append([]string{"serve", "--set", "log.format=json"}, args...)...)
	redistest.Eventually(t, patience, "the server serves", func() bool {
		if d.gone() {
			t.Fatalf("the server ended with %d:\n%s", d.process.ProcessState.ExitCode(), d.Log)
		}
		line := d.line("serving")
		if line == nil {
			return false
		}
		scheme := "http://"
		if line["tls"] == true {
			scheme = "https://"
		}
		d.URL, d.Admin = scheme+line["listen"].(string), "http://"+line["admin_listen"].(string)
		return true
	})
	return d
}

// environment returns env and the variables that a process needs to run at all.
func environment(env []string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GORACE=halt_on_error=0 atexit_sleep_ms=0"}, env...)
}

// line returns the first line of the log with a message; nil when there is none.
func (d *daemon) line(message string) map[string]any {
	for text := range strings.Lines(d.Log.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(text), &fields) == nil && fields["msg"] == message {
			return fields
		}
	}
	return nil
}

func (d *daemon) gone() bool {
	select {
	case <-d.exited:
		return true
	default:
		return false
	}
}

func (d *daemon) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := d.process.Process.Signal(s); err != nil {
		t.Fatalf("signal %v: %v", s, err)
	}
}

// code waits for the end of the process and returns its exit code.
func (d *daemon) code(t testing.TB) int {
	t.Helper()
	redistest.Eventually(t, patience, "the process ends", d.gone)
	return d.process.ProcessState.ExitCode()
}

// disaster matches texts that no log may contain.
var disaster = regexp.MustCompile(`"msg":"panic"|panic: |panic serving|DATA RACE|fatal error: |"code":"server_error"`)

// end stops the process, and fails the test if it did not run and end as it should.
func (d *daemon) end(t testing.TB) {
	if !d.gone() {
		_ = d.process.Process.Signal(syscall.SIGTERM) // it may have ended already
		select {
		case <-d.exited:
		case <-time.After(patience):
			_ = d.process.Process.Kill()
			<-d.exited
			t.Errorf("the process did not end after SIGTERM")
		}
	}
	log := d.Log.String()
	if found := disaster.FindStringIndex(log); found != nil {
		t.Errorf("in the log: %s", log[found[0]:min(len(log), found[0]+3000)])
	}
	if t.Failed() {
		t.Logf("what troubled %s:\n%s\nthe end of its log:\n%s", d.URL, troubles(log), log[max(0, len(log)-3000):])
	}
}

// troubles returns the first lines of a log that report a problem.
func troubles(log string) string {
	var all []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) || !strings.HasPrefix(line, "{") {
			all = append(all, line)
		}
	}
	return strings.Join(all[:min(len(all), 60)], "")
}

// ready returns the readiness of the server from the operators' listener.
func (d *daemon) ready(t testing.TB) testkit.Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/health/ready", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return testkit.Do(t, request)
}

// outcome is the result of a command line.
type outcome struct {
	code     int
	out, err string
}

// cli runs the binary until it ends.
func cli(t testing.TB, env []string, stdin string, args ...string) outcome {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env, command.Stdin = environment(env), strings.NewReader(stdin)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); command.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("oauth2d %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return outcome{code: command.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}
