#!/usr/bin/env bash
# Health of the server that start-redis.sh or start-sentinel.sh started, for a probe in the same container.
#
#   probe.sh live             Redis answers, or its start script still waits for the Sentinels
#   probe.sh ready            Redis answers and is the master, or a replica whose link to the master is up
#   probe.sh sentinel-live    the Sentinel answers
#   probe.sh sentinel-ready   and knows the master
#
# The settings are those of the start scripts; SERVER_PID is the process that the start script became (1).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"

: "${TLS_CA_FILE:?}" "${TLS_CERT_FILE:?}" "${TLS_KEY_FILE:?}"

# cli PORT [WORD...]
cli() {
	local port=$1
	shift
	timeout 3 redis-cli --no-auth-warning -h "${PROBE_HOST:-127.0.0.1}" -p "$port" \
		--tls --cacert "$TLS_CA_FILE" --cert "$TLS_CERT_FILE" --key "$TLS_KEY_FILE" "$@" 2>/dev/null </dev/null
}

redis() {
	REDISCLI_AUTH=$(secret MONITOR_PASSWORD)
	export REDISCLI_AUTH
	cli "${REDIS_PORT:-6379}" --user monitor "$@"
}

sentinel() {
	REDISCLI_AUTH=$(secret SENTINEL_PASSWORD)
	export REDISCLI_AUTH
	cli "${SENTINEL_PORT:-26379}" "$@"
}

case ${1:-} in
live)
	# A node that waits has a reason, which it logged: to restart it would change nothing.
	[ "$(cat "/proc/${SERVER_PID:-1}/comm")" = redis-server ] || exit 0
	# An error such as LOADING is an answer, too.
	[ -n "$(redis PING)" ] || die "Redis does not answer"
	;;
ready)
	[ "$(redis PING)" = PONG ] || die "Redis does not answer, or is loading its data"
	state=$(redis INFO replication | tr -d '\r')
	grep -qx 'role:master' <<<"$state" || grep -qx 'master_link_status:up' <<<"$state" ||
		die "the replica has no link to its master"
	;;
sentinel-live)
	[ "$(sentinel PING)" = PONG ] || die "the Sentinel does not answer"
	;;
sentinel-ready)
	[ -n "$(sentinel SENTINEL GET-MASTER-ADDR-BY-NAME "${MASTER_NAME:-mymaster}")" ] || die "the Sentinel knows no master"
	;;
*)
	echo "usage: probe.sh live|ready|sentinel-live|sentinel-ready" >&2
	exit 2
	;;
esac
