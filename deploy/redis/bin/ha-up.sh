#!/usr/bin/env bash
# Brings up a local Sentinel group: one master, two replicas, three Sentinels, as real processes on
# loopback, with TLS and ACLs; prints the environment in which oauth2d runs on it. What runs
# already is left alone, and what was killed is started again, as it would be in production.
#
#   HA_DIR             where everything is kept (build/redis-ha of the project)
#   HA_REDIS_PORTS     ("7401 7402 7403")
#   HA_SENTINEL_PORTS  ("7411 7412 7413")
#   DOWN_AFTER_MS      how long the Sentinels wait before they call a node down (1500)
#   FAILOVER_TIMEOUT_MS  (10000)
#   REDIS_MAXMEMORY    (256mb)
#
# ha-down.sh stops the group; ha-down.sh --wipe forgets it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
# shellcheck source=pidfile.sh
. "$here/pidfile.sh"
[ $# -eq 0 ] || die "\"$1\" is not understood; see ha-up.sh --help"
dir=${HA_DIR:-$(cd "$here/../../.." && pwd)/build/redis-ha}
read -r -a redis <<<"${HA_REDIS_PORTS:-7401 7402 7403}"
read -r -a sentinel <<<"${HA_SENTINEL_PORTS:-7411 7412 7413}"

umask 077
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
"$here/make-dev-ca.sh" "$dir/tls"

if [ ! -s "$dir/passwords.env" ]; then
	for name in ADMIN REPLICATION APP CACHE MONITOR CLEANUP BACKUP SENTINEL PEER; do
		echo "${name}_PASSWORD=$(openssl rand -hex 24)"
	done >"$dir/passwords.env"
fi

sentinels=
for port in "${sentinel[@]}"; do sentinels+="127.0.0.1:$port "; done
sentinels=${sentinels% }

# setting NAME VALUE: a line that the shell and env files read alike.
setting() { printf '%s="%s"\n' "$1" "$2"; }

# node KIND NUMBER PORT writes the environment of one process.
node() {
	sed "s/^\([A-Z]*_PASSWORD\)=\"\?\([^\"]*\)\"\?$/\1=\"\2\"/" "$dir/passwords.env"
	setting SENTINELS "$sentinels"
	setting MASTER_NAME mymaster
	setting TLS_CA_FILE "$dir/tls/ca.crt"
	setting TLS_CERT_FILE "$dir/tls/server.crt"
	setting TLS_KEY_FILE "$dir/tls/server.key"
	if [ "$1" = redis ]; then
		setting REDIS_DIR "$dir/redis$2"
		setting REDIS_PORT "$3"
		setting REDIS_BIND 127.0.0.1
		setting REDIS_ANNOUNCE_HOST 127.0.0.1
		setting REDIS_MAXMEMORY "${REDIS_MAXMEMORY:-256mb}"
	else
		setting SENTINEL_DIR "$dir/sentinel$2"
		setting SENTINEL_PORT "$3"
		setting SENTINEL_BIND 127.0.0.1
		setting SENTINEL_ANNOUNCE_HOST 127.0.0.1
		setting INITIAL_MASTER "127.0.0.1:${redis[0]}"
		setting DOWN_AFTER_MS "${DOWN_AFTER_MS:-1500}"
		setting FAILOVER_TIMEOUT_MS "${FAILOVER_TIMEOUT_MS:-10000}"
	fi
}

# free NAME PORT: without this check a foreign server on the port would be asked whether the group is up.
free() {
	if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
		die "$1: port $2 is taken by another process: stop it, or set HA_REDIS_PORTS and HA_SENTINEL_PORTS"
	fi
}

# start KIND NUMBER PORT [NAME=VALUE...]: a process of its own session, with pid file and log.
start() {
	local kind=$1 name=$1$2 port=$3
	node "$1" "$2" "$3" >"$dir/$name.env"
	shift 3
	started+=("$name")
	ours "$dir/$name.pid" >/dev/null && return
	free "$name" "$port"
	(
		set -a
		# shellcheck disable=SC1090
		. "$dir/$name.env"
		exec env "$@" setsid "$here/start-$kind.sh" >>"$dir/$name.log" 2>&1 </dev/null
	) &
	echo $! >"$dir/$name.pid"
}

# all_live reports whether every process of the group that was started lives.
started=()
all_live() {
	local name
	for name in "${started[@]}"; do kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null || return 1; done
}

# wait_for WHAT COMMAND...: at most 30 s, and no longer than all processes live.
wait_for() {
	local what=$1 deadline=$((SECONDS + 30))
	shift
	until "$@"; do
		if [ "$SECONDS" -ge "$deadline" ] || ! all_live; then
			say "$what did not come up; the last lines of the logs in $dir:"
			tail -n 3 "$dir"/*.log >&2
			exit 1
		fi
		sleep 0.1
	done
}

# A password that ha-rotate.sh replaces is followed by another one. The first is the one to use.
for name in ADMIN MONITOR APP CACHE SENTINEL; do
	declare "${name}_PASSWORD=$(sed -n "s/^${name}_PASSWORD=\"\?\([^ \"]*\).*/\1/p" "$dir/passwords.env")"
done

cli() {
	local port=$1
	shift
	timeout 2 redis-cli -p "$port" --tls --cacert "$dir/tls/ca.crt" --cert "$dir/tls/client.crt" --key "$dir/tls/client.key" "$@" 2>/dev/null
}

# A Redis process that waits for the Sentinels' word does not answer yet: that is its right.
redis_up() { [ "$(REDISCLI_AUTH=$MONITOR_PASSWORD cli "$1" --user monitor PING)" = PONG ]; }
sentinel_up() { [ "$(REDISCLI_AUTH=$SENTINEL_PASSWORD cli "$1" PING)" = PONG ]; }

# A Sentinel learns of replicas from the master's INFO, which it reads every 10 s. At the very first
# start that is a long time to wait for.
info_period() {
	local port
	for port in "${sentinel[@]}"; do
		REDISCLI_AUTH=$ADMIN_PASSWORD cli "$port" --user admin SENTINEL DEBUG info-period "$1" >/dev/null || true
	done
}

# complete PORT: this Sentinel sees a sane master, both replicas and both other Sentinels.
complete() {
	local said
	said=$(REDISCLI_AUTH=$SENTINEL_PASSWORD cli "$1" SENTINEL MASTER mymaster |
		awk 'NR % 2 { key = $0; next } { v[key] = $0 }
			END { print v["flags"], v["num-slaves"], v["num-other-sentinels"] }')
	[ "$said" = "master 2 2" ] || return 1
	REDISCLI_AUTH=$SENTINEL_PASSWORD cli "$1" SENTINEL REPLICAS mymaster |
		awk 'NR % 2 { key = $0; next } key == "flags" && $0 == "slave" { up++ } key == "master-link-status" && $0 == "ok" { ok++ }
			END { exit !(up == 2 && ok == 2) }'
}

# The first start of all: node 1 is told that it may begin with nothing.
bootstrap=no
[ -d "$dir/redis1" ] || bootstrap=yes
start redis 1 "${redis[0]}" "BOOTSTRAP=$bootstrap"
[ "$bootstrap" = yes ] && wait_for "redis 1" redis_up "${redis[0]}"
for i in 1 2 3; do start sentinel "$i" "${sentinel[i - 1]}"; done
for i in 1 2 3; do wait_for "sentinel $i" sentinel_up "${sentinel[i - 1]}"; done
for i in 2 3; do start redis "$i" "${redis[i - 1]}"; done
info_period 500
for i in 1 2 3; do wait_for "the group" complete "${sentinel[i - 1]}"; done
info_period 10000

# environment USER PASSWORD: of the daemon, as that user of Redis.
environment() {
	setting OAUTH2D_REDIS_MODE sentinel
	setting OAUTH2D_REDIS_ADDRS "${sentinels// /,}"
	setting OAUTH2D_REDIS_MASTER_NAME mymaster
	setting OAUTH2D_REDIS_USERNAME "$1"
	setting OAUTH2D_REDIS_PASSWORD "$2"
	setting OAUTH2D_REDIS_SENTINEL_PASSWORD "$SENTINEL_PASSWORD"
	setting OAUTH2D_REDIS_TLS_ENABLED true
	setting OAUTH2D_REDIS_TLS_CA_FILE "$dir/tls/ca.crt"
	setting OAUTH2D_REDIS_TLS_CERT_FILE "$dir/tls/client.crt"
	setting OAUTH2D_REDIS_TLS_KEY_FILE "$dir/tls/client.key"
}

environment app "$APP_PASSWORD" >"$dir/oauth2d.env"
environment cache "$CACHE_PASSWORD" >"$dir/cache.env"
echo "# the group is up; the same lines are in $dir/oauth2d.env"
sed 's/^/export /' "$dir/oauth2d.env"
