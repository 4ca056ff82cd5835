#!/usr/bin/env bash
# Builds the image for amd64 and arm64 and holds it to docs/image.md: reproducible, small, described, and able to run as a
# hardened container within 64 MiB. Runs as root. Where no registry of images is reached, deploy/image/bases.sh makes
# stand-ins of the base images first.
set -euo pipefail
cd "$(dirname "$0")/../.."
limit=$((25 * 1000 * 1000))
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export STORAGE_DRIVER=overlay BUILDFLAGS="--pull-never ${BUILDFLAGS:-}"

[ -d /run/systemd/system ] || export CONTAINERS_CONF=$PWD/deploy/image/containers.conf
# One version and one time for all builds, whatever happens to the repository meanwhile.
VERSION=$(git describe --tags --always --dirty 2>/dev/null || echo dev)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export VERSION SOURCE_DATE_EPOCH

fail() {
	echo "test-image: $*" >&2
	exit 1
}
id() { buildah inspect --type image --format '{{.FromImageID}}' "$1"; }
label() { buildah inspect --type image --format "{{index .OCIv1.Config.Labels \"org.opencontainers.image.$1\"}}" "$2"; }

# unpack NAME ARCH: the binary in the image, as a file.
unpack() {
	local work
	work=$(buildah from --pull-never --arch "$2" "$1")
	cp "$(buildah mount "$work")/oauth2d" "$dir/oauth2d-$2"
	buildah rm "$work" >/dev/null
}

for arch in amd64 arm64; do
	name=localhost/oauth2d-test:$arch
	deploy/image/build.sh "$name" "$arch" >"$dir/build.log" 2>&1 || { tail -n 20 "$dir/build.log" >&2; fail "$arch does not build"; }
	unpack "$name" "$arch"
	go version -m "$dir/oauth2d-$arch" >"$dir/modules"
	grep -q "GOARCH=$arch" "$dir/modules" || fail "$arch: the binary is of another platform"
	if readelf -l "$dir/oauth2d-$arch" | grep -q INTERP; then fail "$arch: the binary is not static"; fi
	size=$(skopeo copy --quiet "containers-storage:$name" "oci-archive:$dir/$arch.tar" && stat -c %s "$dir/$arch.tar")
	[ "$size" -lt "$limit" ] || fail "$arch: $size bytes compressed, at most $limit"
	for one in title description source licenses version revision created; do
		[ -n "$(label "$one" "$name")" ] || fail "$arch: the label $one is empty"
	done
	echo "$arch: $size bytes compressed, $(grep -c '^	dep' "$dir/modules") modules, $(label version "$name"), id $(id "$name")"
done

# Once more without the layers of the first build. The compiler's cache is left, because the next check is stronger.
BUILDFLAGS="$BUILDFLAGS --no-cache" deploy/image/build.sh localhost/oauth2d-test:again amd64 >"$dir/build.log" 2>&1
[ "$(id localhost/oauth2d-test:amd64)" = "$(id localhost/oauth2d-test:again)" ] || fail "the second build made another image"
# And the binary outside of a container, in another folder, with another cache and another copy of the toolchain.
CGO_ENABLED=0 GOAMD64=v1 go build -trimpath -buildvcs=false -tags disable_grpc_modules \
	-ldflags "-s -w -buildid= -X main.version=$(label version localhost/oauth2d-test:amd64) -X main.commit=$(label revision localhost/oauth2d-test:amd64)" \
	-o "$dir/oauth2d" ./cmd/oauth2d
cmp "$dir/oauth2d" "$dir/oauth2d-amd64" || fail "a build outside of the container made another binary"
echo "reproducible: two builds made the same image; a build outside of it made the same binary"

IMAGE=localhost/oauth2d-test:amd64 go test -tags container -count=1 -v ./deploy/image
