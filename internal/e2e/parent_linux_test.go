package e2e

import "syscall"

// withParent makes a child end with the test process, even when that process is killed.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
