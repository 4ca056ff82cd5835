package main

import "syscall"

// withParent makes a child end when the harness does, even when that is killed.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
