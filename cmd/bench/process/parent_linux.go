package process

import "syscall"

// withParent makes a child end when the benchmark does, even when that is killed.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
