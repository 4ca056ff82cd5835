#!/usr/bin/env bash
# Makes what the services of compose.yaml start with: the certificates of deploy/redis/bin/make-dev-ca.sh, a password
# for each ACL user and the master key. What is there stays, so that every start may run this. Runs as root.
#
#   init.sh CREDENTIALS DATA NETWORK
#
# CREDENTIALS gets ca (the authority with its key; no service mounts it), redis (for user 999) and oauth2d (for user
# 65532), each with what that user needs and no more. DATA has one folder for each node, which becomes user 999's.
# NETWORK is the beginning of the addresses of Redis (.11 to .13) and of the Sentinels (.21 to .23).
set -euo pipefail
umask 077
credentials=$1 data=$2 network=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

DAYS=${DAYS:-3650} "$here/../redis/bin/make-dev-ca.sh" "$credentials/ca" "$network".{11,12,13,21,22,23}

mkdir -p "$credentials/redis" "$credentials/oauth2d"
chown 999:999 "$credentials/redis" "$data"/*
chown 65532:65532 "$credentials/oauth2d"

# put FILE USER: the standard input becomes the file, at once and only if it has other content. Services may be reading:
# an engine can run this again while they start.
put() {
	cat >"$1.new"
	chown "$2:$2" "$1.new"
	if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}

for name in admin replication app cache monitor cleanup backup sentinel peer; do
	[ -s "$credentials/redis/$name" ] || openssl rand -hex 24 | put "$credentials/redis/$name" 999
done
# Without this key nothing that the daemon encrypted can be read: never make it anew beside existing data.
if [ ! -s "$credentials/oauth2d/master-key" ]; then
	if [ -n "$(ls -A "$data/redis-1")" ]; then
		echo "init.sh: $credentials/oauth2d/master-key is missing, and there is data already: restore the key from your copy" >&2
		exit 1
	fi
	openssl rand -base64 32 | put "$credentials/oauth2d/master-key" 65532
fi

for name in ca.crt server.crt server.key; do put "$credentials/redis/$name" 999 <"$credentials/ca/$name"; done
for name in ca.crt client.crt client.key; do put "$credentials/oauth2d/$name" 65532 <"$credentials/ca/$name"; done
for name in app sentinel; do put "$credentials/oauth2d/$name" 65532 <"$credentials/redis/$name"; done
