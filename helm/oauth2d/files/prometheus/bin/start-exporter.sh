#!/bin/sh
# Starts a redis_exporter (1.45 or later) for one of the three things that Prometheus asks about Redis. It serves
# /scrape?target=rediss://HOST:PORT for every node, with the password from a file and the certificate of a client.
#
#   start-exporter.sh redis|sentinel|cache [FLAG...]
#
#   redis     the nodes of the authorization state: user monitor, on 127.0.0.1:9121
#   sentinel  the Sentinels, which the user of the daemons may only read: on 127.0.0.1:9122
#   cache     the server of the services' cache: user monitor, on 127.0.0.1:9123
#
#   MONITOR_PASSWORD      of redis and cache (or MONITOR_PASSWORD_FILE)
#   SENTINEL_PASSWORD     of sentinel (or SENTINEL_PASSWORD_FILE)
#   TLS_CA_FILE TLS_CERT_FILE TLS_KEY_FILE    empty: no TLS
#   EXPORTER_LISTEN       another address to listen on
#   REDIS_EXPORTER        the program (redis_exporter, or prometheus-redis-exporter as Debian names it)
set -eu

case ${1:-} in
-h | --help | '')
	sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
	exit 0
	;;
esac

die() {
	echo "start-exporter.sh: $*" >&2
	exit 1
}

# secret NAME: the value of $NAME, or what is in the file $NAME_FILE.
secret() {
	eval "value=\${$1:-} file=\${$1_FILE:-}"
	# shellcheck disable=SC2154 # eval sets both
	if [ -z "$value" ] && [ -n "$file" ]; then value=$(cat "$file") || die "cannot read $file"; fi
	[ -n "$value" ] || die "$1 (or $1_FILE) is not set"
	printf '%s' "$value"
}

kind=$1
shift
case $kind in
redis | cache)
	REDIS_USER=monitor
	REDIS_PASSWORD=$(secret MONITOR_PASSWORD)
	port=9121
	if [ "$kind" = cache ]; then port=9123; fi
	;;
sentinel)
	REDIS_USER=
	REDIS_PASSWORD=$(secret SENTINEL_PASSWORD)
	port=9122
	;;
*) die "\"$kind\" is none of redis, sentinel, cache" ;;
esac
unset MONITOR_PASSWORD SENTINEL_PASSWORD
export REDIS_USER REDIS_PASSWORD

program=${REDIS_EXPORTER:-}
for name in redis_exporter /redis_exporter prometheus-redis-exporter; do
	if [ -z "$program" ] && command -v "$name" >/dev/null; then program=$name; fi
done
[ -n "$program" ] || die "redis_exporter is not installed"

if [ -n "${TLS_CA_FILE:-}" ]; then set -- "-tls-ca-cert-file=$TLS_CA_FILE" "$@"; fi
if [ -n "${TLS_CERT_FILE:-}" ]; then
	set -- "-tls-client-cert-file=$TLS_CERT_FILE" "-tls-client-key-file=${TLS_KEY_FILE:?}" "$@"
fi

# Without an address of its own it asks only the targets that Prometheus names. CONFIG is left out: the user may not run
# it, because it shows passwords. No keys are looked at.
exec "$program" -redis.addr= -config-command=- -connection-timeout=3s \
	"-web.listen-address=${EXPORTER_LISTEN:-127.0.0.1:$port}" "$@"
