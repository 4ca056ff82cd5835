# shellcheck shell=bash
# Whose process a pid file names. Sourced by ha-up.sh and ha-down.sh.

# ours FILE prints the process id in the file if that process lives and is one of ours: a number that
# another process has by now, or a dead process that nobody has buried, is neither.
ours() {
	local pid
	pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qE 'redis-server|start-(redis|sentinel)' || return 1
	echo "$pid"
}
