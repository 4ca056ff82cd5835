//go:build !linux

package main

import "syscall"

// withParent does nothing here: children end when the lab is closed.
func withParent() *syscall.SysProcAttr { return nil }
