#!/usr/bin/env bash
# Replaces a password or the certificates of the group of ha-up.sh while it runs, without losing a connection: the steps
# of apply-passwords.sh and reload-tls.sh, one after another, on every node and Sentinel.
#
#   ha-rotate.sh password NAME [COMMAND...]    NAME is admin, replication, app, cache, monitor, cleanup, backup, sentinel
#                                              (of the Sentinels, for daemons) or peer (of the Sentinels, for each other)
#   ha-rotate.sh tls                           a new authority, and new certificates of servers and clients
#
# COMMAND makes the daemons take the new password, which is in oauth2d.env and in password-NAME then, such as: kill -HUP PID.
# It must end with an error while a daemon has the old one; then both stay valid. Without COMMAND the script waits for
# Enter. A run that was interrupted continues where it stopped when it is started again.
#
#   HA_DIR             as for ha-up.sh, and all of its other settings
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
# shellcheck source=pidfile.sh
. "$here/pidfile.sh"
dir=${HA_DIR:-$(cd "$here/../../.." && pwd)/build/redis-ha}
[ -s "$dir/passwords.env" ] || die "there is no group in $dir: start it with ha-up.sh"
umask 077

# each KIND SCRIPT: runs a script with the settings of every node of the kinds, the last error last.
each() {
	local file failed=no
	for file in "$dir/$1"?.env; do
		(
			set -a
			# shellcheck disable=SC1090
			. "$file"
			exec "$here/$2"
		) || failed=yes
	done
	[ "$failed" = no ] || die "not every node has it; both the old and the new one stay valid: correct the cause, and start ha-rotate.sh again"
}

# bring PASSWORDS: writes the list of passwords, and makes every node accept exactly these.
bring() {
	sed "s|^$upper=.*|$upper=\"$1\"|" "$dir/passwords.env" >"$dir/passwords.env.new"
	mv "$dir/passwords.env.new" "$dir/passwords.env"
	"$here/ha-up.sh" >/dev/null
	printf '%s\n' "${1// /$'\n'}" >"$dir/password-$name.new"
	mv "$dir/password-$name.new" "$dir/password-$name"
	each redis apply-passwords.sh
	each sentinel apply-passwords.sh
}

password() {
	name=${1:?NAME is missing; see ha-rotate.sh --help} upper=${1^^}_PASSWORD
	shift
	grep -q "^$upper=" "$dir/passwords.env" || die "\"$name\" is not a user; see ha-rotate.sh --help"
	local new=$dir/rotating-$name old
	[ -s "$new" ] || openssl rand -hex 24 >"$new"
	new=$(cat "$new")
	old=$(sed -n "s/^$upper=//p" "$dir/passwords.env" | tr -d '"' | tr ' ' '\n' | grep -vx "$new" | head -n 1 || true)
	if [ -n "$old" ]; then
		# The list says whether the new one comes first already: the step back would be harmless, but needless.
		grep -q "^$upper=\"\?$new " "$dir/passwords.env" || bring "$old $new"
		bring "$new $old"
		if [ $# -gt 0 ]; then
			"$@" || die "the command for the daemons failed, so both passwords stay valid: correct the cause, and start ha-rotate.sh again"
		else
			read -r -p "Let the daemons take the password from $dir/password-$name (SIGHUP), then press Enter: " _
		fi
	fi
	bring "$new"
	rm "$dir/rotating-$name"
	say "$name has a new password; the old one is refused"
}

# everywhere makes all servers use the files in tls: the nodes read them again, the Sentinels restart one by one.
everywhere() {
	local file pid
	each redis reload-tls.sh
	for file in "$dir"/sentinel?.pid; do
		if pid=$(ours "$file"); then
			kill -TERM "$pid"
			while ours "$file" >/dev/null; do sleep 0.05; done
		fi
		"$here/ha-up.sh" >/dev/null # waits until the Sentinel sees the group
	done
}

put() {
	cat >"$dir/tls/$1.new"
	mv "$dir/tls/$1.new" "$dir/tls/$1"
}

tls() {
	local new=$dir/tls.new file
	"$here/make-dev-ca.sh" "$new"
	chmod 600 "$new"/*.key
	cat "$dir/tls/ca.crt" "$new/ca.crt" | put ca.crt
	chmod 644 "$dir/tls/ca.crt"
	everywhere
	for file in server.key server.crt client.key client.crt; do put "$file" <"$new/$file"; done
	everywhere
	put ca.crt <"$new/ca.crt"
	put ca.key <"$new/ca.key"
	chmod 644 "$dir"/tls/*.crt
	everywhere
	rm -r "$new"
	say "the group has a new authority and new certificates"
}

case ${1:-} in
password | tls) "$@" ;;
*) die "\"${1:-}\" is not understood; see ha-rotate.sh --help" ;;
esac
