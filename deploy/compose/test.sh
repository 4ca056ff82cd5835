#!/usr/bin/env bash
# Runs compose.yaml with podman-compose (from PyPI) and the image localhost/oauth2d:dev: the daemon becomes ready in
# strict durability, issues a token, survives the end of its Redis master, and the old master comes back as a replica.
# Runs as root. Where no registry of images is reached, deploy/image/bases.sh makes stand-ins first.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=1.6.0
[ -d /run/systemd/system ] || export CONTAINERS_CONF=$PWD/deploy/image/containers.conf

venv=build/podman-compose-$version
if [ ! -x "$venv/bin/podman-compose" ]; then
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet "podman-compose==$version"
fi

for port in $(seq 20300 20399); do ss -Hltn "sport = :$port" | grep -q . || break; done
project=oauth2d-test
export OAUTH2D_ISSUER=http://127.0.0.1:$port OAUTH2D_PUBLISH=127.0.0.1:$port OAUTH2D_IMAGE=${IMAGE:-localhost/oauth2d:dev}
compose() { "$venv/bin/podman-compose" --project-name "$project" --file deploy/compose/compose.yaml "$@" >>"$log" 2>&1; }
daemon() { podman exec --env 'OAUTH2D_SCOPES=[{"name": "read", "description": "read your recipes"}]' "${project}_oauth2d_1" oauth2d "$@"; }

log=$(mktemp)
finish() {
	local code=$?
	[ "$code" = 0 ] || { tail -n 30 "$log"; for one in oauth2d redis-1 sentinel-1; do podman logs --tail 12 "${project}_${one}_1"; done; } >&2 || true
	compose down --volumes || true
	rm -f "$log"
	exit "$code"
}
trap finish EXIT

# await SECONDS WHAT COMMAND...
await() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "test-compose: not in time: $what" >&2; exit 1; }
		sleep 0.2
	done
}
token() { curl -sf -m 5 -u "planner:$secret" -d grant_type=client_credentials -d scope=read "$OAUTH2D_ISSUER/token"; }
# A Sentinel asks the master every 10 s which replicas it has. Before that it could not promote them, nor lead them.
complete() {
	for one in 1 2 3; do
		[ "$(podman logs "${project}_sentinel-${one}_1" 2>&1 | grep -o '+slave slave [^ ]*' | sort -u | wc -l)" -ge 2 ] || return 1
	done
}
replica() { podman logs "${project}_redis-1_1" 2>&1 | grep -q 'starts as replica of'; }

compose up -d
await 120 "the daemon is ready" daemon healthcheck
daemon healthcheck | grep -q '"durability":"strict"'
secret=$(daemon client create planner --direct --grant client_credentials --scope read)
await 30 "a token" token
await 60 "the Sentinels know both replicas" complete
echo "a master, two replicas, three Sentinels and the daemon run; $(daemon healthcheck)"
podman kill --signal KILL "${project}_redis-1_1" >/dev/null
began=$SECONDS
await 60 "a token from the next master" token
echo "the master was killed: a token after $((SECONDS - began)) s"
podman start "${project}_redis-1_1" >/dev/null
await 60 "the old master as a replica" replica
compose up -d # a second start changes nothing
await 60 "a token after a second start" token
echo "the old master came back as a replica; a second start kept the secrets"
