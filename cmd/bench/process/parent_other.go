//go:build !linux

package process

import "syscall"

// withParent does nothing here: children end when the benchmark stops them.
func withParent() *syscall.SysProcAttr { return nil }
