#!/usr/bin/env bash
# Opens redis-cli as one of the users, with the settings of start-redis.sh or start-sentinel.sh in the environment: beside
# a server in its container, or on the machine of ha-up.sh.
#
#   connect.sh USER HOST:PORT [WORD...]     words for redis-cli: -n DATABASE, and a command instead of a prompt
#
#   TLS_CA_FILE TLS_CERT_FILE TLS_KEY_FILE
#   USER_PASSWORD (or USER_PASSWORD_FILE), in capitals
#
# The password is in the environment of redis-cli, never on its command line. An error of Redis is exit code 1.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"

[ $# -ge 2 ] || die "usage: connect.sh USER HOST:PORT [WORD...]; see connect.sh --help"
: "${TLS_CA_FILE:?}" "${TLS_CERT_FILE:?}" "${TLS_KEY_FILE:?}"
user=$1 address=$2
shift 2
REDISCLI_AUTH=$(secret "${user^^}_PASSWORD")
export REDISCLI_AUTH
host=${address%:*}
# On Kubernetes a node's name is that of a Service, and not every network lets a pod reach itself through one.
if [ "$host" = "${REDIS_ANNOUNCE_HOST:-}" ]; then host=${PROBE_HOST:-127.0.0.1}; fi
exec redis-cli -e --no-auth-warning -h "$host" -p "${address##*:}" --user "$user" \
	--tls --cacert "$TLS_CA_FILE" --cert "$TLS_CERT_FILE" --key "$TLS_KEY_FILE" "$@"
