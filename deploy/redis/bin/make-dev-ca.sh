#!/usr/bin/env bash
# Makes a certificate authority and certificates for development: never use them where it matters.
#
#   make-dev-ca.sh DIR [NAME...]
#
# DIR gets ca.crt ca.key, server.crt server.key (for Redis and Sentinel, which are each other's
# clients too) and client.crt client.key (for daemons and tools). The NAMEs are host names or
# addresses that the server certificate bears beside localhost, 127.0.0.1 and ::1.
# What is there already and valid for another day stays; DAYS is the life of new ones (365).
set -euo pipefail
# shellcheck source=render.sh
. "$(dirname "${BASH_SOURCE[0]}")/render.sh"

[ $# -ge 1 ] || { echo "usage: make-dev-ca.sh DIR [NAME...]" >&2; exit 2; }
dir=$1
shift
days=${DAYS:-365}
names=DNS:localhost,IP:127.0.0.1,IP:::1
for name in "$@"; do
	if [[ $name =~ ^[0-9.]+$|: ]]; then names+=,IP:$name; else names+=,DNS:$name; fi
done
mkdir -p "$dir"
umask 077

fresh() { [ -s "$dir/$1.key" ] && openssl x509 -in "$dir/$1.crt" -checkend 86400 -noout >/dev/null 2>&1; }

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$1.key" 2>/dev/null; }

if ! fresh ca; then
	key ca
	openssl req -x509 -new -key "$dir/ca.key" -subj "/CN=oauth2d development CA" -days "$days" -out "$dir/ca.crt" \
		-addext keyUsage=critical,keyCertSign,cRLSign
	rm -f "$dir"/server.crt "$dir"/client.crt
fi

# issue FILE COMMON-NAME USAGE ALTERNATIVE-NAMES
issue() {
	fresh "$1" && return 0
	key "$1"
	openssl req -new -key "$dir/$1.key" -subj "/CN=$2" -out "$dir/$1.csr"
	openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -days "$days" -out "$dir/$1.crt" \
		-set_serial "0x$(openssl rand -hex 15)" 2>/dev/null -extfile <(
		echo basicConstraints=critical,CA:false
		echo keyUsage=critical,digitalSignature
		echo "extendedKeyUsage=$3"
		echo "subjectAltName=$4"
	)
	rm -f "$dir/$1.csr"
}

issue server redis serverAuth,clientAuth "$names"
issue client oauth2d clientAuth DNS:oauth2d
chmod 644 "$dir"/*.crt
