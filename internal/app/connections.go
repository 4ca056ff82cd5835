package app

import (
	"context"
	"time"
)

// adminConnections bounds the operators' listener, which has few callers.
const adminConnections = 256

// reservedFiles is the number of open files that are kept for Redis, the operators' listener and the process itself.
const reservedFiles = adminConnections + 256

// maxConnections returns how many connections the public listener may have open: server.max_connections, or fewer, so
// that connections to Redis stay possible.
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

// stopBeingReady makes the health check fail, and continues to serve for server.shutdown_delay: a load balancer sends
// requests until it notices. Each connection ends with its next answer.
func (a *App) stopBeingReady(ctx context.Context) {
	a.health.Stopping()
	a.public.Drain()
	delay := a.config.Server.ShutdownDelay
	if delay <= 0 {
		return
	}
	a.log.Info("stopping: the health check fails, and requests are still served", "shutdown_delay", delay.String())
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
