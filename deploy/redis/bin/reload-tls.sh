#!/usr/bin/env bash
# Makes a running Redis node use the certificate, the key and the authorities that are in its files now, without a restart
# and without ending a connection. After an error, such as a key of another certificate, the earlier ones stay in use.
#
#   reload-tls.sh     with the settings of start-redis.sh in the environment
#
# To change the authority without downtime, run this on every node after each of three changes:
#
#   1. TLS_CA_FILE holds the old and the new authority, everywhere, also at the daemons
#   2. the certificates are those of the new authority
#   3. TLS_CA_FILE holds the new authority alone
#
# A Sentinel cannot read its files again: restart one after another. Two of three are enough for the daemons and for a
# failover.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
[ $# -eq 0 ] || die "\"$1\" is not understood; see reload-tls.sh --help"
: "${REDIS_DIR:?a Sentinel does not reload: restart it}" "${TLS_CA_FILE:?}" "${TLS_CERT_FILE:?}" "${TLS_KEY_FILE:?}"
host=${PROBE_HOST:-127.0.0.1} port=${REDIS_PORT:-6379}
REDISCLI_AUTH=$(secret ADMIN_PASSWORD)
export REDISCLI_AUTH
answer=$(timeout 5 redis-cli -e --no-auth-warning -h "$host" -p "$port" --user admin --tls --cacert "$TLS_CA_FILE" --cert "$TLS_CERT_FILE" --key "$TLS_KEY_FILE" \
	CONFIG SET tls-cert-file "$TLS_CERT_FILE" tls-key-file "$TLS_KEY_FILE" tls-ca-cert-file "$TLS_CA_FILE" 2>&1 </dev/null) ||
	die "$host:$port keeps its certificate: ${answer:-no connection}"
[ "$answer" = OK ] || die "$host:$port keeps its certificate: $answer"
say "$host:$port has read its certificate again"
