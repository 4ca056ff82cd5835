#!/usr/bin/env bash
# Makes a running Redis node or Sentinel accept exactly the passwords that its settings have now, without a restart and
# without ending a connection. It can be repeated; what is so already stays.
#
#   apply-passwords.sh     with the settings of start-redis.sh or start-sentinel.sh in the environment
#
# Each NAME_PASSWORD (or the file NAME_PASSWORD_FILE) may hold several passwords, on lines of their own or with spaces
# between them. All are accepted; the first is the one that this server uses towards others. To rotate one without
# downtime, run this on every node and every Sentinel after each of three changes:
#
#   1. OLD NEW    both are accepted, the old one is used
#   2. NEW OLD    the new one is used; now let the daemons take it, too (SIGHUP or a rollout)
#   3. NEW        the old one is refused
#
# The new passwords are in users.acl (Sentinel: sentinel.conf) afterwards, and the start scripts read the same settings,
# so that a restart at any time changes nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
[ $# -eq 0 ] || die "\"$1\" is not understood; see apply-passwords.sh --help"
: "${TLS_CA_FILE:?}" "${TLS_CERT_FILE:?}" "${TLS_KEY_FILE:?}"
host=${PROBE_HOST:-127.0.0.1}
if [ -n "${REDIS_DIR:-}" ]; then
	port=${REDIS_PORT:-6379} users='admin replication app cache monitor cleanup backup'
elif [ -n "${SENTINEL_DIR:-}" ]; then
	port=${SENTINEL_PORT:-26379} users='admin default sentinel'
else
	die "neither REDIS_DIR nor SENTINEL_DIR is set: run it with the settings of a node"
fi

# setting USER: the name of its passwords. On a Sentinel, default is the user of the daemons.
setting() {
	case $1 in
	default) echo SENTINEL_PASSWORD ;;
	sentinel) echo PEER_PASSWORD ;;
	*) echo "${1^^}_PASSWORD" ;;
	esac
}

# cli WORD...: as admin. An error of Redis is exit code 1. Secrets come by the standard input, never by an argument.
cli() {
	timeout 5 redis-cli -e --no-auth-warning -h "$host" -p "$port" --user admin \
		--tls --cacert "$TLS_CA_FILE" --cert "$TLS_CERT_FILE" --key "$TLS_KEY_FILE" "$@"
}

# Read all settings before the first change.
declare -A wanted
for user in $users; do wanted[$user]=$(digests "$(setting "$user")"); done
replication=$(secret REPLICATION_PASSWORD)
if [ -n "${SENTINEL_DIR:-}" ]; then peer=$(secret PEER_PASSWORD); fi

# log_in finds the admin password that the server has: the new one may be the one to bring.
log_in() {
	local word answer=
	for word in $(secrets ADMIN_PASSWORD); do
		export REDISCLI_AUTH=$word
		if answer=$(cli ACL WHOAMI 2>&1 </dev/null) && [ "$answer" = admin ]; then return; fi
	done
	case $answer in
	*WRONGPASS* | *NOAUTH*)
		die "$host:$port accepts no password of ADMIN_PASSWORD, so nothing was changed: add the one that it has" ;;
	*) die "$host:$port does not answer, so nothing was changed: ${answer:-no connection}" ;;
	esac
}
log_in

# apply USER: adds what is missing and removes what is not wanted, in one command.
apply() {
	local user=$1 have rules=() one
	have=$(cli ACL GETUSER "$user" </dev/null | grep -E '^[0-9a-f]{64}$' || true)
	for one in ${wanted[$user]//#/}; do
		grep -qx "$one" <<<"$have" || rules+=("#$one")
	done
	for one in $have; do
		[[ " ${wanted[$user]//#/} " = *" $one "* ]] || rules+=("!$one")
	done
	[ "${#rules[@]}" -gt 0 ] || return 0
	cli ACL SETUSER "$user" "${rules[@]}" </dev/null >/dev/null || die "$host:$port: the passwords of $user could not be changed"
	changed+="${changed:+ }$user"
	# For oauth2d rotate status: the time of the last new password. A replica refuses it, and gets it from its master.
	if [ -n "${REDIS_DIR:-}" ] && [ "${REDIS_KIND:-group}" != cache ] && [[ " ${rules[*]}" = *" #"* ]]; then
		cli HSET auth:daemons "changed:$user" "$(date +%s%3N)" >/dev/null 2>&1 </dev/null || true
	fi
}

changed=
# admin last: the password that this script has used may be one that goes.
for user in ${users#admin } admin; do apply "$user"; done
export REDISCLI_AUTH=${REDISCLI_AUTH:?}
REDISCLI_AUTH=$(secret ADMIN_PASSWORD)
if [ -n "${REDIS_DIR:-}" ]; then
	printf %s "$replication" | cli -x CONFIG SET masterauth >/dev/null || die "$host:$port: masterauth could not be set"
	cli ACL SAVE </dev/null >/dev/null || die "$host:$port: users.acl could not be written"
else
	master=${MASTER_NAME:-mymaster}
	# Setting it ends the connections to the nodes for a moment: only if it is another one.
	if ! grep -qxF "sentinel auth-pass $master $replication" "$SENTINEL_DIR/sentinel.conf"; then
		printf %s "$replication" | cli -x SENTINEL SET "$master" auth-pass >/dev/null || die "$host:$port: auth-pass could not be set"
	fi
	if ! grep -qxF "sentinel sentinel-pass $peer" "$SENTINEL_DIR/sentinel.conf"; then
		printf %s "$peer" | cli -x SENTINEL CONFIG SET sentinel-pass >/dev/null || die "$host:$port: sentinel-pass could not be set"
	fi
	cli SENTINEL FLUSHCONFIG </dev/null >/dev/null || die "$host:$port: sentinel.conf could not be written"
fi
say "$host:$port: ${changed:-nothing} changed"
