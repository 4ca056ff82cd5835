# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh sets root, dir, dry_run and env_file
# The target --local: a Sentinel group and one daemon as processes on this machine. Sourced by lib.sh.
#
#   $dir/redis        the group of deploy/redis/bin/ha-up.sh: data, passwords, certificates
#   $dir/oauth2d.yaml, $dir/master.key, $dir/oauth2d.log, $dir/oauth2d.pid
#   $dir/deployed     from deploy to cleanup

binary() {
	local file
	file=$(setting LOCAL_BINARY build/oauth2d)
	[ "${file#/}" != "$file" ] || file=$root/$file
	printf '%s' "$file"
}

# group SCRIPT [WORD...]: a script of deploy/redis/bin for the local group. Its output has passwords.
group() {
	local script=$1 name assigned=("HA_DIR=$dir/redis")
	shift
	for name in HA_REDIS_PORTS HA_SENTINEL_PORTS DOWN_AFTER_MS FAILOVER_TIMEOUT_MS REDIS_MAXMEMORY; do
		[ -z "$(setting "$name" '')" ] || assigned+=("$name=$(setting "$name" '')")
	done
	run env "${assigned[@]}" "$root/deploy/redis/bin/$script" "$@"
}

# local_daemon WORD...: a command of the binary. The password of Redis reaches it by the environment of the process, which
# $environment has: oauth2d.env of the user app, or cache.env of the user cache.
environment=oauth2d.env
local_daemon() {
	local words=("$(binary)" "$@" --config "$dir/oauth2d.yaml" ${env_file:+--env-file "$env_file"})
	if [ "$dry_run" = yes ]; then
		printf 'set -a; . %s; set +a; ' "$dir/redis/$environment"
		run "${words[@]}"
		return
	fi
	local_ready
	(with_file "$dir/redis/$environment" "${words[@]}")
}

# local_connect USER HOST:PORT WORD...: redis-cli, with the environment of a node, which has all passwords.
local_connect() {
	if [ "$dry_run" = yes ]; then
		printf 'set -a; . %s; set +a; ' "$dir/redis/redis1.env"
		run "$root/deploy/redis/bin/connect.sh" "$@"
		return
	fi
	(with_file "$dir/redis/redis1.env" "$root/deploy/redis/bin/connect.sh" "$@")
}

# with_file FILE COMMAND... becomes the command, with the variables of an env file that ha-up.sh wrote.
with_file() {
	set -a
	# shellcheck disable=SC1090
	. "$1"
	set +a
	shift
	exec "$@"
}

# local_ready refuses to go on where nothing is deployed.
local_ready() {
	[ "$dry_run" = no ] || return 0
	[ -e "$dir/deployed" ] || die "nothing is deployed in $(short "$dir"): run deploy --local first"
	[ -x "$(binary)" ] || die "$(short "$(binary)") is not there: run make build, or set LOCAL_BINARY"
	[ -e "$dir/redis/$environment" ] || die "$(short "$dir/redis") has no Redis group: run start --local"
}

# local_prepare makes what is not there yet: the master key and the settings.
local_prepare() {
	[ "$dry_run" = no ] || return 0
	[ -x "$(binary)" ] || die "$(short "$(binary)") is not there: run make build, or set LOCAL_BINARY"
	local program
	for program in redis-server redis-cli openssl setsid; do
		need "$program" "on Debian: apt-get install redis-server redis-sentinel openssl util-linux"
	done
	umask 077
	mkdir -p "$dir"
	local_lock
	[ -s "$dir/master.key" ] || openssl rand -base64 32 >"$dir/master.key"
	[ -s "$dir/oauth2d.yaml" ] || cat >"$dir/oauth2d.yaml" <<-END
		# Made by deploy --local, once. The env file and the environment override it.
		issuer: http://127.0.0.1:8080
		master_key_file: $dir/master.key
	END
	: >"$dir/deployed"
}

# local_lock: one script at a time changes the installation.
local_lock() {
	[ "$dry_run" = no ] || return 0
	[ -d "$dir" ] || return 0
	exec 9>"$dir/lock"
	flock --wait 120 9 || die "another script has worked on $(short "$dir") for two minutes: wait for it, or end it"
}

# daemon_pid prints the process id of the daemon if it runs.
daemon_pid() {
	local pid
	pid=$(cat "$dir/oauth2d.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
	tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "serve --config $dir/oauth2d.yaml" || return 1
	printf '%s' "$pid"
}

local_start() {
	if [ "$daemon_only" = yes ]; then
		:
	elif [ "$dry_run" = yes ]; then
		group ha-up.sh
	else
		group ha-up.sh 9>&- >/dev/null # it prints passwords
	fi
	[ "$redis_only" = no ] || return 0
	[ "$dry_run" = yes ] || local_daemon config check 2>&1 | sed '/^the settings are valid$/d' >&2
	start_daemon
}

start_daemon() {
	local pid deadline
	if [ "$dry_run" = yes ]; then
		local_daemon serve
		return
	fi
	if pid=$(daemon_pid); then
		# It cannot take a new binary or a new address over: stop and start do that.
		kill -HUP "$pid"
		say "the daemon runs already, process $pid; it reads its settings again"
		return
	fi
	if (with_file "$dir/redis/$environment" "$(binary)" healthcheck --config "$dir/oauth2d.yaml" ${env_file:+--env-file "$env_file"}) >/dev/null 2>&1; then
		die "another daemon answers at the address of admin.listen: stop it, or set OAUTH2D_ADMIN_LISTEN and OAUTH2D_SERVER_LISTEN"
	fi
	[ ! -e "$dir/oauth2d.log" ] || mv "$dir/oauth2d.log" "$dir/oauth2d.log.1"
	(with_file "$dir/redis/$environment" setsid "$(binary)" serve --config "$dir/oauth2d.yaml" ${env_file:+--env-file "$env_file"} >"$dir/oauth2d.log" 2>&1 </dev/null 9>&-) &
	pid=$!
	echo "$pid" >"$dir/oauth2d.pid"
	deadline=$((SECONDS + 60))
	until local_daemon healthcheck >/dev/null 2>&1; do
		kill -0 "$pid" 2>/dev/null || daemon_died
		[ "$SECONDS" -lt "$deadline" ] || die "the daemon is not ready after 60 s: $(tail -n 1 "$dir/oauth2d.log"); see $(short "$dir/oauth2d.log"), or status --local"
		sleep 0.1
	done
	kill -0 "$pid" 2>/dev/null || daemon_died
	say "the daemon is ready, process $pid"
}

daemon_died() {
	rm -f "$dir/oauth2d.pid"
	die "the daemon did not start: $(grep -v '^{' "$dir/oauth2d.log" | tail -n 1 || true); see $(short "$dir/oauth2d.log")"
}

stop_daemon() {
	local pid deadline
	if [ "$dry_run" = yes ]; then
		printf 'kill -TERM "$%s"\n' "(cat $dir/oauth2d.pid)"
		return
	fi
	if ! pid=$(daemon_pid); then
		say "the daemon does not run"
		rm -f "$dir/oauth2d.pid"
		return
	fi
	kill -TERM "$pid"
	deadline=$((SECONDS + 60))
	while daemon_pid >/dev/null; do
		[ "$SECONDS" -lt "$deadline" ] || die "the daemon, process $pid, still runs 60 s after SIGTERM: look at $(short "$dir/oauth2d.log"), then kill -KILL $pid"
		sleep 0.05
	done
	rm -f "$dir/oauth2d.pid"
	say "the daemon is stopped"
}

local_stop() {
	[ -e "$dir/deployed" ] || [ "$dry_run" = yes ] || {
		say "nothing is deployed in $(short "$dir")"
		return 0
	}
	local_lock
	stop_daemon
	[ "$daemon_only" = no ] || return 0
	group ha-down.sh
	[ "$dry_run" = yes ] || say "Redis and the Sentinels are stopped"
}

# paint CODE TEXT: coloured on a terminal.
paint() {
	if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then printf '\033[%sm%s\033[0m' "$1" "$2"; else printf '%s' "$2"; fi
}

# row NAME PID LOG: one line of the status.
row() {
	if [ -n "$2" ]; then
		printf '%-10s  %s  %7s  %11s  %s\n' "$1" "$(paint 32 running)" "$2" "$(ps -o etime= -p "$2" | tr -d ' ')" "$(short "$3")"
	else
		printf '%-10s  %s  %7s  %11s  %s\n' "$1" "$(paint 31 'stopped')" - - "$(short "$3")"
	fi
}

local_status() {
	local name down=0 pid
	if [ "$dry_run" = yes ]; then
		local_daemon healthcheck
		return
	fi
	[ -e "$dir/deployed" ] || die "nothing is deployed in $(short "$dir"): run deploy --local first"
	# shellcheck source=../redis/bin/pidfile.sh
	. "$root/deploy/redis/bin/pidfile.sh"
	printf '%-10s  %-7s  %7s  %11s  %s\n' NAME STATE PID UP LOG
	for name in sentinel1 sentinel2 sentinel3 redis1 redis2 redis3; do
		pid=$(ours "$dir/redis/$name.pid") || down=$((down + 1))
		row "$name" "$pid" "$dir/redis/$name.log"
	done
	pid=$(daemon_pid) || down=$((down + 1))
	row oauth2d "$pid" "$dir/oauth2d.log"
	[ -z "$pid" ] || local_daemon healthcheck || die "the daemon is not ready; see $(short "$dir/oauth2d.log"), or health-check --local"
	[ "$down" = 0 ] || die "$down of 7 processes are down: run start --local"
}
