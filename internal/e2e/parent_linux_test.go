package e2e

import "syscall"

// withParent makes a child end when the test process does, even when that is killed.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
