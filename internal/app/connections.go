package app

import (
	"context"
	"time"
)

// adminConnections bounds the operators' listener, whose callers are few.
const adminConnections = 256

// reservedFiles is the number of files, of those that the process may open, that are reserved for Redis, the operators'
// listener and its own files.
const reservedFiles = adminConnections + 256

// maxConnections is the number of connections that the public listener may have open: server.max_connections, but
// never so many that Redis could not be reached any more.
func (a *App) maxConnections() int {
	wanted := a.config.Server.MaxConnections
	files := openFileLimit()
	if files == 0 || files-reservedFiles >= wanted {
		return wanted
	}
	possible := max(files-reservedFiles, files/2)
	a.log.Warn("the process may open too few files for server.max_connections; it is lowered", "max_connections", wanted, "files", files,
		"lowered_to", possible, "hint", "raise the limit of open files (ulimit -n, LimitNOFILE=), or lower server.max_connections")
	return possible
}

// stopBeingReady makes the health say that the server is stopping, and goes on serving for
// server.shutdown_delay: a load balancer sends requests until it has noticed.
func (a *App) stopBeingReady(ctx context.Context) {
	a.health.Stopping()
	delay := a.config.Server.ShutdownDelay
	if delay <= 0 {
		return
	}
	a.log.Info("stopping: not ready any more, and serving for a while", "shutdown_delay", delay.String())
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
