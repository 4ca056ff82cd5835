#!/usr/bin/env bash
# Publishes the image and the chart of a verified release to a registry. The image gets the tag of its minor release, too.
#
#   deploy/release/publish.sh TAG DIR REGISTRY     deploy/release/publish.sh v1.2.0 build/release ghcr.io/recipe-web-app
#
# A tag that is there already is refused: what was released never changes. The caller has logged in (skopeo login, helm
# registry login). PLAIN_HTTP=1: the registry has no TLS, for a trial on this machine. It prints the digests.
set -euo pipefail
cd "$(dirname "$0")/../.."
usage='usage: publish.sh TAG DIR REGISTRY'
tag=${1:?$usage} dir=${2:?$usage} registry=${3:?$usage}
number=${tag#v}
image=$registry/oauth2d
plain=() secure=() inspect=()
if [ "${PLAIN_HTTP:-}" = 1 ]; then
	plain=(--plain-http) secure=(--dest-tls-verify=false) inspect=(--tls-verify=false)
fi

deploy/release/verify.sh "$dir" "${PUBLIC_KEY:-deploy/release/release.pub}"
if skopeo inspect --raw "${inspect[@]}" "docker://$image:$number" >/dev/null 2>&1; then
	echo "publish: $image:$number is there already; hint: release the next version" >&2
	exit 1
fi
.ci/deploy-tools helm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$dir/oauth2d_${number}_chart.tgz" "$work/oauth2d-$number.tgz"
build/bin/helm push "${plain[@]}" "$work/oauth2d-$number.tgz" "oci://$registry/charts" 2>&1 | sed -n 's/^Digest: /chart: /p'

copy() {
	skopeo copy --quiet --all --preserve-digests "${secure[@]}" --digestfile "$work/digest" \
		"oci-archive:$dir/oauth2d_${number}_image.tar" "docker://$image:$1"
}
copy "$number"
# A release candidate moves no other tag.
case $number in *-*) ;; *) copy "${number%.*}" ;; esac
if ! cmp -s <(cat "$work/digest") <(tr -d '\n' <"$dir/oauth2d_${number}_image.digest"); then
	echo "publish: the registry has $(cat "$work/digest"), which is not the digest that was signed; remove it there" >&2
	exit 1
fi
echo "image: $(cat "$work/digest"), as it was signed"
