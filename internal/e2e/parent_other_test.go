//go:build !linux

package e2e

import "syscall"

// withParent does nothing here: children end by the tests' cleanups alone.
func withParent() *syscall.SysProcAttr { return nil }
