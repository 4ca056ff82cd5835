//go:build !linux

package e2e

import "syscall"

// withParent does nothing here: only the cleanups of the tests end the children.
func withParent() *syscall.SysProcAttr { return nil }
