#!/usr/bin/env bash
# Makes stand-ins of the images that the Dockerfile and deploy/compose start from, under their names, for a machine that
# reaches a Debian mirror and no registry of images. They have the programs of the real ones, and other bytes: publish
# only what was built from the real ones. Runs as root; what is there already stays, FORCE=1 makes it again. MONITORING=1
# makes those of the monitoring, too.
#
# Debian's packages are unpacked by debootstrap. Go is the toolchain that go.mod names. The trusted authorities are those
# of this machine, so that "go mod download" works behind its proxy.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(awk '$1 == "toolchain" { sub(/^go/, "", $2); print $2 }' go.mod)
debian=docker.io/library/buildpack-deps:bookworm-curl
redis=docker.io/library/redis:7.2.11-bookworm
builder=docker.io/library/golang:$version-bookworm
static=gcr.io/distroless/static-debian12:nonroot
authorities=/etc/ssl/certs/ca-certificates.crt

have() { [ "${FORCE:-}" != 1 ] && buildah inspect --type image "$1" >/dev/null 2>&1; }

# commit NAME ARCH FOLDER [CONFIG...]: an image with the content of a folder.
commit() {
	local name=$1 arch=$2 folder=$3 work
	shift 3
	work=$(buildah from --arch "$arch" scratch)
	buildah copy --quiet "$work" "$folder" / >/dev/null
	buildah config --os linux --arch "$arch" "$@" "$work"
	buildah commit --quiet --rm "$work" "$name" >/dev/null
	echo "made $name ($arch)"
}

make_debian() {
	have "$debian" && have "$redis" && have "$builder" && return
	local root=$dir/debian path=PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	debootstrap --variant=minbase --include=ca-certificates,redis-server,redis-sentinel bookworm "$root" \
		"${MIRROR:-http://deb.debian.org/debian}" >"$dir/debootstrap.log" || { tail "$dir/debootstrap.log" >&2; exit 1; }
	rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/{doc,man,locale} "$root"/var/lib/apt/lists/*
	cp "$authorities" "$root$authorities"
	commit "$debian" amd64 "$root" --env "$path" --cmd bash
	buildah tag "$debian" docker.io/library/debian:bookworm-slim
	commit "$redis" amd64 "$root" --env "$path" --cmd redis-server
	cp -a "$(GOTOOLCHAIN=go$version go env GOROOT)" "$root/usr/local/go"
	chmod -R u+w "$root/usr/local/go"
	commit "$builder" amd64 "$root" --env "$path" --env GOPATH=/go --env "GOPROXY=$(go env GOPROXY)" --cmd bash
}

# The static base: one image a platform, and a list that names both, as a registry has it.
make_static() {
	have "$static" && return
	local root=$dir/static
	mkdir -p "$root"/{etc/ssl/certs,home/nonroot,tmp}
	chmod 1777 "$root/tmp"
	chown 65532:65532 "$root/home/nonroot"
	cp "$authorities" "$root$authorities"
	echo 'root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$root/etc/passwd"
	printf 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n' >"$root/etc/group"
	buildah manifest create "$static" >/dev/null
	for arch in amd64 arm64; do
		commit "localhost/oauth2d-static:$arch" "$arch" "$root" --user 65532 --workingdir /home/nonroot \
			--env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env SSL_CERT_FILE=$authorities
		buildah manifest add --arch "$arch" "$static" "localhost/oauth2d-static:$arch" >/dev/null
	done
}

# The images of deploy/compose/monitoring.yaml but for Grafana, with the programs of this machine's Debian packages.
make_monitoring() {
	local name image paths root
	while read -r name paths; do
		image=$(sed -nE "s/^.*\\$\{$name:-([^}]*)\}.*/\1/p" deploy/compose/monitoring.yaml | head -n 1)
		have "$image" && continue
		root=$(buildah from "$debian")
		for path in $paths; do buildah copy --quiet "$root" "${path%:*}" "${path#*:}" >/dev/null; done
		mkdir -p "$dir/data"
		buildah copy --quiet --chown 65534:65534 "$root" "$dir/data" /prometheus >/dev/null
		buildah copy --quiet --chown 65534:65534 "$root" "$dir/data" /alertmanager >/dev/null
		buildah config --user 65534 --entrypoint '["/bin/alertmanager"]' --cmd '[]' "$root"
		buildah commit --quiet --rm "$root" "$image" >/dev/null
		echo "made $image (amd64)"
	done <<-END
		PROMETHEUS_IMAGE /usr/bin/prometheus:/bin/prometheus
		ALERTMANAGER_IMAGE /usr/bin/prometheus-alertmanager:/bin/alertmanager /usr/share/prometheus/alertmanager:/usr/share/prometheus/alertmanager
		EXPORTER_IMAGE /usr/bin/prometheus-redis-exporter:/usr/bin/redis_exporter
	END
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
make_debian
make_static
[ -z "${MONITORING:-}" ] || make_monitoring
