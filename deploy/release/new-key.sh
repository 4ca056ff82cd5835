#!/usr/bin/env bash
# Makes a release key: the private part in a file that only its owner reads, the public part beside it or in PUBLIC_KEY.
#
#   deploy/release/new-key.sh FILE
set -euo pipefail
file=${1:?usage: new-key.sh FILE}
public=${PUBLIC_KEY:-$file.pub}
for one in "$file" "$public"; do
	if [ -e "$one" ]; then
		echo "new-key: $one exists, and a lost key cannot be made again; hint: name another file" >&2
		exit 1
	fi
done
umask 077
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$file" 2>/dev/null
openssl pkey -in "$file" -pubout >"$public"
chmod 644 "$public"
echo "made $file (secret) and $public"
