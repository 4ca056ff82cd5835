#!/usr/bin/env bash
# Signs the checksums of a release by the release key, into SHA256SUMS.sig.
#
#   RELEASE_KEY_FILE=key.pem deploy/release/sign.sh DIR
#
# The key is an EC key on P-256 in PEM (deploy/release/new-key.sh makes one), and the signature is ECDSA with SHA-256, in
# base64: openssl verifies it. A key that does not belong to the public key in the repository (PUBLIC_KEY) signs nothing,
# since nobody could verify it.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:?usage: sign.sh DIR}
key=${RELEASE_KEY_FILE:?the file of the release key}
public=${PUBLIC_KEY:-deploy/release/release.pub}

if [ ! -s "$public" ]; then
	echo "sign: there is no $public; hint: deploy/release/new-key.sh, see docs/releasing.md" >&2
	exit 1
fi
if ! openssl pkey -in "$key" -pubout | cmp -s - "$public"; then
	echo "sign: the key does not belong to $public; hint: sign by the key whose public part is in the repository" >&2
	exit 1
fi
openssl dgst -sha256 -sign "$key" "$dir/SHA256SUMS" | base64 -w0 >"$dir/SHA256SUMS.sig"
deploy/release/verify.sh "$dir" "$public"
