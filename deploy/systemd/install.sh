#!/usr/bin/env bash
# Installs the daemon, the start scripts of Redis and the units, and makes certificates and secrets where there are none.
# It starts nothing, and leaves settings and secrets that exist. Run it again to install a new version.
#
#   deploy/systemd/install.sh ISSUER [BINARY]      deploy/systemd/install.sh https://login.example.com build/oauth2d
#
# DESTDIR is a folder to install into instead of / (for packages and tests). DAYS is the life of new certificates (3650).
# NAMES are further host names or addresses of this machine for the certificates, when the group is on several machines.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
issuer=${1:?usage: install.sh ISSUER [BINARY]}
binary=${2:-$here/../../build/oauth2d}
root=${DESTDIR:-}
[[ $issuer =~ ^https?://[^[:space:]]+[^/[:space:]]$ ]] || { echo "install.sh: $issuer is not an issuer such as https://login.example.com" >&2; exit 2; }
[ -x "$binary" ] || { echo "install.sh: $binary is not there: run make build" >&2; exit 1; }
for program in redis-server redis-cli openssl; do
	command -v "$program" >/dev/null || { echo "install.sh: $program is missing; install redis-server, redis-tools and openssl first" >&2; exit 1; }
done

install -D -m 755 "$binary" "$root/usr/local/bin/oauth2d"
install -D -m 755 "$here/oauth2dctl" "$root/usr/local/sbin/oauth2dctl"
for file in redis.conf sentinel.conf users.acl; do install -D -m 644 "$here/../redis/$file" "$root/usr/local/lib/oauth2d/redis/$file"; done
for file in "$here"/../redis/bin/*.sh; do install -D -m 755 "$file" "$root/usr/local/lib/oauth2d/redis/bin/${file##*/}"; done
for file in "$here"/*.service; do install -D -m 644 "$file" "$root/etc/systemd/system/${file##*/}"; done
install -D -m 644 "$here/oauth2d-redis.sysctl.conf" "$root/etc/sysctl.d/60-oauth2d-redis.conf"

etc=$root/etc/oauth2d
[ -e "$etc/group.env" ] || install -D -m 644 "$here/group.env" "$etc/group.env"
[ -e "$etc/oauth2d.env" ] || sed "s|^OAUTH2D_ISSUER=.*|OAUTH2D_ISSUER=$issuer|" "$here/oauth2d.env" | install -D -m 644 /dev/stdin "$etc/oauth2d.env"

umask 077
mkdir -p "$etc/credentials"
cd "$etc/credentials"
read -r -a names <<<"${NAMES:-}"
DAYS=${DAYS:-3650} "$here/../redis/bin/make-dev-ca.sh" . "${names[@]}"
for name in admin replication app cache monitor cleanup backup sentinel peer; do
	[ -s "$name" ] || openssl rand -hex 24 >"$name"
done
# Without this key nothing that the daemon encrypted in Redis can be read: keep a copy elsewhere.
[ -s master-key ] || openssl rand -base64 32 >master-key
echo "installed; next: systemctl daemon-reload && systemctl enable --now oauth2d-redis@740{1,2,3} oauth2d-sentinel@741{1,2,3} oauth2d"
