#!/usr/bin/env bash
# Runs compose.yaml with podman-compose (from PyPI) and the image localhost/oauth2d:dev: the daemon becomes ready in
# strict durability, issues a token, survives the end of its Redis master, and the old master comes back as a replica.
# Then the monitoring of monitoring.yaml, without Grafana, reaches every target, and goes again without a trace.
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

read -r port prometheus alertmanager < <(for port in $(seq 20300 20399); do ss -Hltn "sport = :$port" | grep -q . || echo "$port"; done | head -n 3 | xargs)
project=oauth2d-test
export PROMETHEUS_PUBLISH=127.0.0.1:$prometheus ALERTMANAGER_PUBLISH=127.0.0.1:$alertmanager
export OAUTH2D_ISSUER=http://127.0.0.1:$port OAUTH2D_PUBLISH=127.0.0.1:$port OAUTH2D_IMAGE=${IMAGE:-localhost/oauth2d:dev}
compose() { "$venv/bin/podman-compose" --project-name "$project" --file deploy/compose/compose.yaml "$@" >>"$log" 2>&1; }
daemon() { podman exec --env 'OAUTH2D_SCOPES=[{"name": "read", "description": "read your recipes"}]' "${project}_oauth2d_1" oauth2d "$@"; }

log=$(mktemp)
finish() {
	local code=$?
	[ "$code" = 0 ] || { tail -n 30 "$log"; for one in oauth2d redis-1 sentinel-1; do podman logs --tail 12 "${project}_${one}_1"; done; } >&2 || true
	compose --file deploy/compose/monitoring.yaml down --volumes || true
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
# up counts the targets that Prometheus reaches; reached N wants so many of as many.
up() { curl -sf -m 5 "http://127.0.0.1:$prometheus/api/v1/targets?state=active" | grep -o '"health":"[a-z]*"' | grep -c "$1"; }
reached() { [ "$(up '"up"')" = "$1" ] && [ "$(up health)" = "$1" ]; }
alarmed() { curl -sf -m 5 "http://127.0.0.1:$alertmanager/api/v2/alerts" | grep -q OAuth2dWatchdog; }
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
compose --file deploy/compose/monitoring.yaml up -d oauth2d prometheus alertmanager redis-exporter sentinel-exporter
await 90 "a token beside the monitoring" token
await 120 "Prometheus reaches the daemon, 3 nodes, 3 Sentinels and the 4 parts of the monitoring" reached 11
await 60 "an alert reaches Alertmanager" alarmed
echo "the monitoring reaches 11 of 11 targets, and an alert has reached Alertmanager"
COMPOSE=$venv/bin/podman-compose COMPOSE_PROJECT_NAME=$project deploy/scripts/cleanup-monitoring --compose --yes --delete-data >>"$log" 2>&1
if podman ps -a --format '{{.Names}}' | grep -E "^${project}_(prometheus|alertmanager|.*exporter)"; then exit 1; fi
await 30 "a token without the monitoring" token
echo "the monitoring was removed, and the daemon serves"
