#!/usr/bin/env bash
# Starts a Redis server of the Sentinel group. It asks the Sentinels first and becomes a replica of
# the master that they name. It becomes master itself only
#   - when a majority names it, no failover is in progress, and its own data is there; or
#   - on the first start of the whole group: BOOTSTRAP=yes, no data here, and no Sentinel knows
#     another master or any replica.
# In every other case it waits and says why: a master that comes back empty would be copied by its
# replicas, and everything would be gone.
#
#   REDIS_KIND            group; or standalone: one server without Sentinels; or cache: such a server for the service
#                         cache, which evicts and keeps nothing on disk (group)
#   REDIS_DIR             data and rendered configuration
#   REDIS_PORT            the TLS port (6379)
#   REDIS_BIND            addresses to listen on (* -::*)
#   REDIS_ANNOUNCE_HOST   the name or address under which everybody knows this node
#   REDIS_MAXMEMORY       (256mb)
#   SENTINELS             "host:port host:port host:port", all of them (group)
#   MASTER_NAME           (mymaster)
#   BOOTSTRAP             yes on one node, for the first start only; or, the same on all nodes, the HOST:PORT of that one
#   TLS_CA_FILE TLS_CERT_FILE TLS_KEY_FILE
#   ADMIN_PASSWORD REPLICATION_PASSWORD APP_PASSWORD CACHE_PASSWORD MONITOR_PASSWORD
#   CLEANUP_PASSWORD BACKUP_PASSWORD; in a group SENTINEL_PASSWORD     (or each with _FILE; several: apply-passwords.sh)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
# shellcheck source=ask-sentinels.sh
. "$here/ask-sentinels.sh"

: "${REDIS_DIR:?}" "${REDIS_ANNOUNCE_HOST:?}" "${TLS_CA_FILE:?}" "${TLS_CERT_FILE:?}" "${TLS_KEY_FILE:?}"
export REDIS_PORT=${REDIS_PORT:-6379} REDIS_BIND=${REDIS_BIND:-* -::*} REDIS_MAXMEMORY=${REDIS_MAXMEMORY:-256mb}
export MASTER_NAME=${MASTER_NAME:-mymaster}
me=$REDIS_ANNOUNCE_HOST:$REDIS_PORT
kind=${REDIS_KIND:-group}
case $kind in
group) : "${SENTINELS:?}" ;;
standalone | cache) ;;
*) die "REDIS_KIND: $kind is none of group, standalone, cache" ;;
esac
if [ "${BOOTSTRAP:-no}" = "$me" ]; then BOOTSTRAP=yes; fi

# Redis with appendonly reads nothing else: a dump.rdb alone would be ignored.
has_data() { [ -s "$REDIS_DIR/appendonlydir/appendonly.aof.manifest" ]; }

# decide sets role to "master", to the HOST:PORT to replicate from, or to nothing with the reason
# in why.
decide() {
	role='' why=''
	ask_sentinels
	local others
	if [ -n "$agreed" ] && ! same_node "$agreed" "$me"; then
		role=$agreed
	elif [ -n "$agreed" ] && [ "$failing" = yes ]; then
		why="the Sentinels name this node, and a failover is in progress"
	elif [ -n "$agreed" ] && has_data; then
		role=master
	elif [ -n "$agreed" ] && [ "${BOOTSTRAP:-no}" = yes ] && [ "$replicas" = 0 ]; then
		role=master
	elif [ -n "$agreed" ]; then
		why="the Sentinels name this node as master, and it has no data ($replicas replicas known): waiting for a failover; a new group starts with BOOTSTRAP=yes on one node"
	elif [ "${BOOTSTRAP:-no}" = yes ] && ! has_data; then
		others=$(for one in $named; do same_node "$one" "$me" || echo "$one"; done)
		if [ -z "$others" ] && [ "$replicas" = 0 ]; then
			role=master
		else
			why="no majority of the Sentinels names a master, but there is a group already: $(tr '\n' ' ' <<<"$named")"
		fi
	else
		why="no majority of the Sentinels names a master ($answers answer)"
	fi
}

# A missing password is an error before the wait.
ADMIN_HASH=$(digests ADMIN_PASSWORD)
REPLICATION_HASH=$(digests REPLICATION_PASSWORD)
APP_HASH=$(digests APP_PASSWORD)
CACHE_HASH=$(digests CACHE_PASSWORD)
MONITOR_HASH=$(digests MONITOR_PASSWORD)
CLEANUP_HASH=$(digests CLEANUP_PASSWORD)
BACKUP_HASH=$(digests BACKUP_PASSWORD)
REPLICATION_PASSWORD=$(secret REPLICATION_PASSWORD)
export ADMIN_HASH REPLICATION_HASH APP_HASH CACHE_HASH MONITOR_HASH CLEANUP_HASH BACKUP_HASH
if [ "$kind" = group ]; then SENTINEL_PASSWORD=$(secret SENTINEL_PASSWORD); fi

# In a container this script is process 1, which the kernel spares a signal without a handler.
trap 'exit 143' TERM INT

said=
while :; do
	if [ "$kind" = group ]; then decide; else role=master; fi
	[ -n "$role" ] && break
	if [ "$why" != "$said" ]; then
		say "waiting: $why"
		said=$why
	fi
	sleep 0.5
done

mkdir -p "$REDIS_DIR"
render "$here/../users.acl" "$REDIS_DIR/users.acl"
sed -i '/^#/d' "$REDIS_DIR/users.acl"
export REPLICATION_PASSWORD
render "$here/../redis.conf" "$REDIS_DIR/redis.conf"
# The last line of a setting counts.
if [ "$kind" != group ]; then echo "min-replicas-to-write 0" >>"$REDIS_DIR/redis.conf"; fi
if [ "$kind" = cache ]; then
	printf '%s\n' "appendonly no" "maxmemory-policy allkeys-lru" >>"$REDIS_DIR/redis.conf"
fi
if [ "$role" = master ]; then
	say "$me starts as master"
else
	say "$me starts as replica of $role"
	echo "replicaof ${role%:*} ${role##*:}" >>"$REDIS_DIR/redis.conf"
fi
# The server needs none of them in its environment.
unset ADMIN_PASSWORD REPLICATION_PASSWORD APP_PASSWORD CACHE_PASSWORD MONITOR_PASSWORD CLEANUP_PASSWORD \
	BACKUP_PASSWORD SENTINEL_PASSWORD ADMIN_HASH REPLICATION_HASH APP_HASH CACHE_HASH MONITOR_HASH CLEANUP_HASH BACKUP_HASH
exec redis-server "$REDIS_DIR/redis.conf"
