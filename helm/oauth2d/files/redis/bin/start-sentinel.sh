#!/usr/bin/env bash
# Starts a Sentinel. What it learnt before (SENTINEL_DIR/sentinel.conf) is carried over; one without
# a memory asks the other Sentinels, and only when none of them names a master does it
# believe in INITIAL_MASTER.
#
#   SENTINEL_DIR            state and rendered configuration
#   SENTINEL_PORT           the TLS port (26379)
#   SENTINEL_BIND           addresses to listen on (* -::*)
#   SENTINEL_ANNOUNCE_HOST  the name or address under which everybody knows this Sentinel
#   SENTINEL_HOSTNAMES      yes: nodes are known by name and not by address (no)
#   SENTINEL_QUORUM         (2)
#   SENTINELS               "host:port host:port host:port", all of them
#   INITIAL_MASTER          host:port of the first master
#   MASTER_NAME             (mymaster)
#   DOWN_AFTER_MS           (2000; 1500 to 5000. A Sentinel pings once a second, and counts a new master's silence
#                           from the moment it hears of it: with 1000 it may call it down before the first ping.)
#   FAILOVER_TIMEOUT_MS     (10000)
#   TLS_CA_FILE TLS_CERT_FILE TLS_KEY_FILE
#   ADMIN_PASSWORD REPLICATION_PASSWORD SENTINEL_PASSWORD PEER_PASSWORD     (or each with _FILE; several: apply-passwords.sh)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
# shellcheck source=ask-sentinels.sh
. "$here/ask-sentinels.sh"

: "${SENTINEL_DIR:?}" "${SENTINEL_ANNOUNCE_HOST:?}" "${SENTINELS:?}" "${INITIAL_MASTER:?}"
: "${TLS_CA_FILE:?}" "${TLS_CERT_FILE:?}" "${TLS_KEY_FILE:?}"
export SENTINEL_PORT=${SENTINEL_PORT:-26379} SENTINEL_BIND=${SENTINEL_BIND:-* -::*}
export SENTINEL_HOSTNAMES=${SENTINEL_HOSTNAMES:-no} SENTINEL_QUORUM=${SENTINEL_QUORUM:-2}
export MASTER_NAME=${MASTER_NAME:-mymaster}
export DOWN_AFTER_MS=${DOWN_AFTER_MS:-2000} FAILOVER_TIMEOUT_MS=${FAILOVER_TIMEOUT_MS:-10000}

ADMIN_HASH=$(digests ADMIN_PASSWORD)
SENTINEL_HASH=$(digests SENTINEL_PASSWORD)
PEER_HASH=$(digests PEER_PASSWORD)
REPLICATION_PASSWORD=$(secret REPLICATION_PASSWORD)
SENTINEL_PASSWORD=$(secret SENTINEL_PASSWORD)
PEER_PASSWORD=$(secret PEER_PASSWORD)

conf=$SENTINEL_DIR/sentinel.conf
mkdir -p "$SENTINEL_DIR"
SENTINEL_STATE='' monitored=''
if [ -s "$conf" ]; then
	SENTINEL_STATE=$(grep -E '^sentinel (myid|config-epoch|leader-epoch|current-epoch|known-replica|known-sentinel) ' "$conf" || true)
	monitored=$(awk -v name="$MASTER_NAME" '$1 == "sentinel" && $2 == "monitor" && $3 == name { print $4 ":" $5 }' "$conf")
fi
if [ -z "$monitored" ]; then
	ask_sentinels
	monitored=${agreed:-$(head -n 1 <<<"$named")}
fi
monitored=${monitored:-$INITIAL_MASTER}
export SENTINEL_STATE MONITORED_HOST=${monitored%:*} MONITORED_PORT=${monitored##*:}

say "$SENTINEL_ANNOUNCE_HOST:$SENTINEL_PORT starts, watching $monitored"
export REPLICATION_PASSWORD PEER_PASSWORD
export ADMIN_HASH SENTINEL_HASH PEER_HASH
render "$here/../sentinel.conf" "$conf"
unset ADMIN_PASSWORD REPLICATION_PASSWORD SENTINEL_PASSWORD PEER_PASSWORD ADMIN_HASH SENTINEL_HASH PEER_HASH
exec redis-server "$conf" --sentinel
