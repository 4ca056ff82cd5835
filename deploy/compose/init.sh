#!/usr/bin/env bash
# Makes what the services of compose.yaml start with: the certificates of deploy/redis/bin/make-dev-ca.sh, a password
# for each ACL user and the master key. What is there stays, so that every start may run this. Runs as root.
#
#   init.sh CREDENTIALS DATA
#
# CREDENTIALS gets ca (the authority with its key; no service mounts it), redis (for user 999) and oauth2d (for user
# 65532), each with what that user needs and no more. DATA has one folder for each node, which becomes user 999's.
set -euo pipefail
umask 077
credentials=$1 data=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

DAYS=${DAYS:-3650} "$here/../redis/bin/make-dev-ca.sh" "$credentials/ca" redis-1 redis-2 redis-3 sentinel-1 sentinel-2 sentinel-3

mkdir -p "$credentials/redis" "$credentials/oauth2d"
for name in admin replication app cache monitor cleanup backup sentinel peer; do
	[ -s "$credentials/redis/$name" ] || openssl rand -hex 24 >"$credentials/redis/$name"
done
# Without this key nothing that the daemon encrypted can be read: never make it anew beside existing data.
if [ ! -s "$credentials/oauth2d/master-key" ]; then
	if [ -n "$(ls -A "$data/redis-1")" ]; then
		echo "init.sh: $credentials/oauth2d/master-key is missing, and there is data already: restore the key from your copy" >&2
		exit 1
	fi
	openssl rand -base64 32 >"$credentials/oauth2d/master-key"
fi

cp "$credentials"/ca/{ca.crt,server.crt,server.key} "$credentials/redis/"
cp "$credentials"/ca/{ca.crt,client.crt,client.key} "$credentials"/redis/{app,sentinel} "$credentials/oauth2d/"
chown -R 999:999 "$credentials/redis" "$data"/*
chown -R 65532:65532 "$credentials/oauth2d"
