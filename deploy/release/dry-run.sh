#!/usr/bin/env bash
# Makes a release on this machine, for a trial: everything that needs no network beyond the registries of packages. It
# checks the workflows, the configuration and the commit messages, builds the archives, the SBOM, the chart and the image
# for two platforms, signs them by a throw-away key, publishes them to a registry on loopback, and verifies all of it.
# Runs as root, which the stand-ins of the base images need. IMAGE=no leaves out the image and the registry.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD/build/release
dir=$root/files
public=$root/key.pub
export BUILDFLAGS="--pull-never ${BUILDFLAGS:-}" STORAGE_DRIVER=${STORAGE_DRIVER:-overlay} IMAGE=${IMAGE:-yes}
registry=
# One commit and one time for all builds, whatever happens to the repository meanwhile.
COMMIT=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export COMMIT SOURCE_DATE_EPOCH

step() { echo "== $*"; }
fail() {
	echo "release-dry-run: $*" >&2
	exit 1
}
cleanup() {
	[ -z "$registry" ] || kill "$registry" 2>/dev/null || true
	rm -rf "$root/key" "$root/registry" "$root/again"
}
trap cleanup EXIT

step "workflows and configuration"
.ci/lint-workflows

step "commits and version"
tag=${TAG:-$(go run ./cmd/release next)}
last=$(git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null || git rev-parse 6a54bac)
go run ./cmd/release commits "$last..HEAD"
echo "the next version is $tag"

step "build"
rm -rf "$root"
mkdir -p "$root"
[ "$IMAGE" = no ] || deploy/image/bases.sh
deploy/release/build.sh "$tag" "$dir"
IMAGE=no deploy/release/build.sh "$tag" "$root/again"
number=${tag#v}
for arch in amd64 arm64; do
	cmp "$dir/oauth2d_${number}_linux_$arch.tar.gz" "$root/again/oauth2d_${number}_linux_$arch.tar.gz" || fail "a second build made another archive"
done
echo "reproducible: a second build made the same archives"

step "sign by a throw-away key, and verify"
PUBLIC_KEY=$public deploy/release/new-key.sh "$root/key" >/dev/null
RELEASE_KEY_FILE=$root/key PUBLIC_KEY=$public deploy/release/sign.sh "$dir"
cp -r "$dir" "$root/again/changed"
printf x >>"$root/again/changed/oauth2d_${number}_linux_amd64.tar.gz"
if deploy/release/verify.sh "$root/again/changed" "$public" >/dev/null 2>&1; then fail "a changed archive is verified"; fi
(cd "$root/again/changed" && sha256sum -- oauth2d_* >SHA256SUMS)
if deploy/release/verify.sh "$root/again/changed" "$public" >/dev/null 2>&1; then fail "changed checksums are verified"; fi
echo "refused: a changed archive, and changed checksums"

step "what is inside"
tar -C "$root/again" -xzf "$dir/oauth2d_${number}_linux_amd64.tar.gz"
"$root/again/oauth2d_${number}_linux_amd64/oauth2d" version | head -3
grep -q "\"version\": \"$tag\"" "$dir/oauth2d_${number}_linux_amd64.cdx.json" || fail "the SBOM is of another version"
echo "SBOM: $(grep -c '"bom-ref"' "$dir/oauth2d_${number}_linux_amd64.cdx.json") components"
build/bin/helm show chart "$dir/oauth2d_${number}_chart.tgz" | grep -E '^(version|appVersion):' | tr '\n' ' '
echo
build/bin/helm template oauth2d "$dir/oauth2d_${number}_chart.tgz" --kube-version 1.34.0 --set issuer=https://login.example.com \
	>"$root/again/rendered.yaml"
grep -qE "image: \"?ghcr.io/recipe-web-app/oauth2d:$number\"?\$" "$root/again/rendered.yaml" || fail "the chart does not name the image of its version"

if [ "$IMAGE" = yes ]; then
	step "publish to a registry on loopback"
	PACKAGES='docker-registry skopeo' .ci/packages
	port=$((20000 + RANDOM % 20000))
	mkdir -p "$root/registry"
	printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' "$root/registry" "$port" >"$root/registry/config.yml"
	docker-registry serve "$root/registry/config.yml" >"$root/registry/log" 2>&1 &
	registry=$!
	curl -fs --retry 50 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/v2/" >/dev/null
	PLAIN_HTTP=1 PUBLIC_KEY=$public deploy/release/publish.sh "$tag" "$dir" "127.0.0.1:$port/recipe-web-app"
	skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/recipe-web-app/oauth2d:$number" | grep -o '"architecture": *"[a-z0-9]*"' | sort -u
	if PLAIN_HTTP=1 PUBLIC_KEY=$public deploy/release/publish.sh "$tag" "$dir" "127.0.0.1:$port/recipe-web-app" >/dev/null 2>&1; then
		fail "a version was published twice"
	fi
	echo "refused: the same version again"
fi

step "made in build/release/files"
find "$dir" -type f -printf '%10s  %f\n' | sort -k 2
