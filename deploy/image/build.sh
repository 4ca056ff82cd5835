#!/usr/bin/env bash
# Builds the container image with buildah, for one platform after the other, and puts them under one name.
#
#   deploy/image/build.sh NAME [ARCH...]      deploy/image/build.sh localhost/oauth2d:dev amd64 arm64
#
# Without ARCH: the machine's own. NAME is an image with one platform, or a list (buildah manifest push --all NAME ...).
# The same commit makes the same image, to the byte, from the same base images: all times in it are those of
# SOURCE_DATE_EPOCH, which is the time of the commit. VERSION, COMMIT: what `oauth2d version` prints. BUILDFLAGS: further
# flags of buildah bud, such as --build-arg BASE_IMAGE=... or --no-cache.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=${1:?usage: build.sh NAME [ARCH...]}
shift
own=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
[ $# -gt 0 ] || set -- "$own"
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo dev)}
commit=${COMMIT:-$(git rev-parse HEAD 2>/dev/null || true)}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
read -r -a flags <<<"${BUILDFLAGS:-}"
# Without a daemon buildah needs neither a user namespace nor an OCI runtime for the build stage.
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}

# build NAME ARCH. buildah before 1.33 does not set BUILDPLATFORM by itself. The OCI format has no room for HEALTHCHECK;
# but the Docker format, as buildah writes it, holds the random name of the build container.
build() {
	buildah bud --format oci --timestamp "$epoch" --platform "linux/$2" --build-arg "BUILDPLATFORM=linux/$own" \
		--build-arg "VERSION=$version" --build-arg "COMMIT=$commit" \
		--build-arg "CREATED=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" --identity-label=false "${flags[@]}" --tag "$1" .
}

if [ $# = 1 ]; then
	build "$name" "$1"
	exit
fi
for arch in "$@"; do build "$name-$arch" "$arch"; done
buildah manifest rm "$name" >/dev/null 2>&1 || buildah rmi "$name" >/dev/null 2>&1 || true
buildah manifest create "$name" >/dev/null
for arch in "$@"; do buildah manifest add --arch "$arch" "$name" "$name-$arch" >/dev/null; done
echo "$name: $*"
