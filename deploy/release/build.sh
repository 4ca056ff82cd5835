#!/usr/bin/env bash
# Builds everything that a release consists of into a folder, and the checksums of it. It signs and publishes nothing.
#
#   deploy/release/build.sh TAG DIR        deploy/release/build.sh v1.2.0 build/release
#
# The binaries, the archives and the image of a commit are the same to the byte wherever they are built: their times are
# those of the commit. COMMIT and SOURCE_DATE_EPOCH name another commit and its time. ARCHS: the platforms of the binaries
# and the image. IMAGE=no leaves the image out. BUILDFLAGS: further flags of buildah bud.
set -euo pipefail
cd "$(dirname "$0")/../.."
usage='usage: build.sh TAG DIR'
tag=${1:?$usage} dir=${2:?$usage}
number=${tag#v}
read -ra archs <<<"${ARCHS:-amd64 arm64}"
commit=${COMMIT:-$(git rev-parse HEAD)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
GOTOOLCHAIN=$(awk '$1 == "toolchain" { print $2 }' go.mod)
export SOURCE_DATE_EPOCH GOTOOLCHAIN
cyclonedx=$(awk '$1 == "CYCLONEDX" { print $3 }' Makefile)

if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
	echo "build: $dir is not empty; hint: name another folder, or remove it" >&2
	exit 1
fi
mkdir -p "$dir"
dir=$(realpath "$dir")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for arch in "${archs[@]}"; do
	name=oauth2d_${number}_linux_$arch
	mkdir "$work/$name"
	CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false -tags disable_grpc_modules \
		-ldflags "-s -w -buildid= -X main.version=$tag -X main.commit=$commit" -o "$work/$name/oauth2d" ./cmd/oauth2d
	cp LICENSE README.md CHANGELOG.md SECURITY.md "$work/$name/"
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w,a+X \
		-C "$work" -cf - "$name" | gzip -n -9 >"$dir/$name.tar.gz"
	go run "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$cyclonedx" bin -json -noserial -version "$tag" \
		-output "$dir/$name.cdx.json" "$work/$name/oauth2d" 2>"$work/sbom.log" || { cat "$work/sbom.log" >&2; exit 1; }
done

.ci/deploy-tools helm
build/bin/helm package --version "$number" --app-version "$number" --destination "$dir" helm/oauth2d >/dev/null
mv "$dir/oauth2d-$number.tgz" "$dir/oauth2d_${number}_chart.tgz"

if [ "${IMAGE:-yes}" = yes ]; then
	VERSION=$tag COMMIT=$commit STORAGE_DRIVER=${STORAGE_DRIVER:-overlay} deploy/image/build.sh "localhost/oauth2d:$number" "${archs[@]}" \
		>"$work/image.log" 2>&1 || { tail -n 30 "$work/image.log" >&2; exit 1; }
	if [ "${#archs[@]}" = 1 ]; then
		STORAGE_DRIVER=${STORAGE_DRIVER:-overlay} buildah push --quiet "localhost/oauth2d:$number" "oci-archive:$dir/oauth2d_${number}_image.tar"
	else
		STORAGE_DRIVER=${STORAGE_DRIVER:-overlay} buildah manifest push --quiet --all "localhost/oauth2d:$number" \
			"oci-archive:$dir/oauth2d_${number}_image.tar" >/dev/null
	fi
	# With it the signature of the checksums covers the image in a registry, too.
	skopeo inspect --raw "oci-archive:$dir/oauth2d_${number}_image.tar" | sha256sum | sed 's/^/sha256:/; s/ .*//' >"$dir/oauth2d_${number}_image.digest"
fi

go run ./cmd/release notes "$tag" >"$dir/oauth2d_${number}_notes.md"
cd "$dir"
sha256sum -- * >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" SHA256SUMS
