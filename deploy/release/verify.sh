#!/usr/bin/env bash
# Verifies downloaded files of a release: the signature of the checksums, then the checksums of the files that are there.
#
#   deploy/release/verify.sh DIR [PUBLIC_KEY]
set -euo pipefail
dir=${1:?usage: verify.sh DIR [PUBLIC_KEY]}
public=${2:-$(dirname "$0")/release.pub}
raw=$(mktemp)
trap 'rm -f "$raw"' EXIT
base64 -d "$dir/SHA256SUMS.sig" >"$raw"
if ! openssl dgst -sha256 -verify "$public" -signature "$raw" "$dir/SHA256SUMS" >/dev/null 2>&1; then
	echo "verify: the signature of SHA256SUMS is not by the key $public; do not use these files" >&2
	exit 1
fi
cd "$dir"
sha256sum --check --strict --quiet --ignore-missing SHA256SUMS || {
	echo "verify: a file is not the one that was released; do not use it" >&2
	exit 1
}
echo "verified: the signature, and $(sha256sum --check --ignore-missing SHA256SUMS 2>/dev/null | wc -l) of $(wc -l <SHA256SUMS) files"
