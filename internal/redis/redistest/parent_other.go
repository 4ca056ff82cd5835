//go:build !linux

package redistest

import "syscall"

// withParent does nothing here: children end by the test's cleanups alone.
func withParent() *syscall.SysProcAttr { return nil }
