package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is one running server of a lab. Its output goes to a file. It dies with the harness.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

func start(cmd *exec.Cmd, dir, log string) (*process, error) {
	out, err := os.OpenFile(filepath.Join(dir, log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the child has its own descriptor
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, dir
	cmd.SysProcAttr = withParent()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is not of interest
		close(p.exited)
	}()
	return p, nil
}

// kill ends the process at once (kill -9); it may have ended, and it may be stopped.
func (p *process) kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may be gone
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
	}
}

func (p *process) pause()  { _ = p.cmd.Process.Signal(syscall.SIGSTOP) }
func (p *process) resume() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }

// await asks until the answer is yes, and reports whether that came in time.
func await(limit time.Duration, so func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if so() {
			return true
		}
	}
	return so()
}
