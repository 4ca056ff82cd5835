package process

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startTimeout is the longest time until a server answers; the machine may be busy.
const startTimeout = 30 * time.Second

// largestLog is the size above which a log is emptied between two measurements.
const largestLog = 4 << 20

// Process is one running server. Its output goes to a file. It ends with the benchmark, even when that is killed.
type Process struct {
	Name    string
	cmd     *exec.Cmd
	log     string
	exited  chan struct{}
	started time.Time
}

// Start starts a command in a folder of its own. The environment of cmd is not changed.
func Start(name, dir string, cmd *exec.Cmd) (*Process, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &Process{Name: name, cmd: cmd, log: filepath.Join(dir, "log"), exited: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the child has its own descriptor
	cmd.Stdout, cmd.Stderr, cmd.Dir, cmd.SysProcAttr = out, out, dir, withParent()
	p.started = time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // its exit status does not matter
		close(p.exited)
	}()
	return p, nil
}

// Stop ends the process: SIGTERM first, SIGKILL after two seconds. It may have ended already.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
		return
	case <-time.After(2 * time.Second):
	}
	_ = p.cmd.Process.Kill() // likewise
	<-p.exited
}

// Await repeats ready until it is true, and returns the time since the start of the process.
func (p *Process) Await(ready func() bool) (time.Duration, error) {
	for time.Since(p.started) < startTimeout {
		if ready() {
			return time.Since(p.started), nil
		}
		select {
		case <-p.exited:
			return 0, fmt.Errorf("%s ended:\n%s", p.Name, p.tail())
		case <-time.After(time.Millisecond):
		}
	}
	return 0, fmt.Errorf("%s does not become ready; its log is %s", p.Name, p.log)
}

// tail returns the last lines of the log.
func (p *Process) tail() string {
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-2000):])
}

// TrimLog empties the log when it has become large, so that a long run does not fill the disk.
func (p *Process) TrimLog() {
	if info, err := os.Stat(p.log); err == nil && info.Size() > largestLog {
		_ = os.Truncate(p.log, 0) // it stays large
	}
}

// CPU returns the processor time of the process so far; 0 where the system has no /proc.
func (p *Process) CPU() time.Duration {
	var total time.Duration
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid)) // the pattern is well formed
	for _, task := range tasks {
		raw, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has just ended
		}
		ran, _, _ := strings.Cut(string(raw), " ")
		ns, _ := strconv.ParseInt(ran, 10, 64) // the kernel writes a number
		total += time.Duration(ns)
	}
	return total
}

// RSS returns the resident memory in bytes; 0 where the system has no /proc.
func (p *Process) RSS() int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel writes a number
	return pages * int64(os.Getpagesize())
}

// FreePort returns a loopback port that nobody listens on.
func FreePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close() //nolint:errcheck // it served nobody
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
