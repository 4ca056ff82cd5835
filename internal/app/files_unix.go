//go:build unix

package app

import "syscall"

// openFileLimit returns how many files the process may have open; 0 when that is unknown or unlimited.
func openFileLimit() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur > 1<<30 {
		return 0
	}
	return int(limit.Cur)
}
