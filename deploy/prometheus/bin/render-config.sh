#!/bin/sh
# Prints prometheus.yaml with the addresses of an installation in place of those of the file. All lists are HOST:PORT,
# separated by spaces. Needs only a POSIX shell and awk, which the image of Prometheus has.
#
#   render-config.sh FILE
#
#   DAEMONS             the operators' listeners of the daemons
#   REDIS_NODES         the nodes of the authorization state
#   SENTINELS           the Sentinels
#   CACHE_NODES         the servers of the services' cache; empty: the job is left out
#   REDIS_EXPORTER SENTINEL_EXPORTER CACHE_EXPORTER    where the exporters listen
#   ALERTMANAGER        where Alertmanager listens
#   PROMETHEUS          where Prometheus itself listens
#   RULES               the files with rules, as a pattern; relative to the printed file
#   REDIS_SCHEME        rediss, or redis without TLS (rediss)
set -eu

case ${1:-} in
-h | --help | '')
	sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
	exit 0
	;;
esac

for name in DAEMONS REDIS_NODES SENTINELS REDIS_EXPORTER SENTINEL_EXPORTER ALERTMANAGER PROMETHEUS RULES; do
	eval "value=\${$name:-}"
	# shellcheck disable=SC2154 # eval sets it
	[ -n "$value" ] || { echo "render-config.sh: $name is not set" >&2; exit 1; }
done
if [ -z "${CACHE_NODES:-}" ]; then CACHE_EXPORTER=; fi

exec awk -v daemons="$DAEMONS" -v redis="$REDIS_NODES" -v sentinel="$SENTINELS" -v cache="${CACHE_NODES:-}" \
	-v redis_exporter="$REDIS_EXPORTER" -v sentinel_exporter="$SENTINEL_EXPORTER" -v cache_exporter="${CACHE_EXPORTER:-}" \
	-v alertmanager="$ALERTMANAGER" -v prometheus="$PROMETHEUS" -v rules="$RULES" -v scheme="${REDIS_SCHEME:-rediss}" '
	# list returns addresses as a list of YAML, each after a prefix.
	function list(addresses, prefix,   parts, n, i, out) {
		n = split(addresses, parts, " ")
		for (i = 1; i <= n; i++) out = out (i > 1 ? ", " : "") "\047" prefix parts[i] "\047"
		return "[" out "]"
	}
	/^[a-z]/ { section = $1; job = "" }
	/^  (- job_name:|#)/ { skipped = 0 }
	/^  - job_name:/ { job = $3; skipped = (job == "oauth2d-cache" && cache == "") }
	skipped { next }
	/^rule_files:/ { print "rule_files: [\047" rules "\047]"; next }
	/^ +- targets:/ {
		match($0, /^ +/)
		indent = substr($0, 1, RLENGTH)
		if (section == "alerting:") to = list(alertmanager, "")
		else if (job == "oauth2d") to = list(daemons, "")
		else if (job == "oauth2d-redis") to = list(redis, scheme "://")
		else if (job == "oauth2d-sentinel") to = list(sentinel, scheme "://")
		else if (job == "oauth2d-cache") to = list(cache, scheme "://")
		else to = list(prometheus " " alertmanager " " redis_exporter " " sentinel_exporter " " cache_exporter, "")
		print indent "- targets: " to
		next
	}
	/target_label: __address__, replacement:/ {
		to = job == "oauth2d-redis" ? redis_exporter : job == "oauth2d-sentinel" ? sentinel_exporter : cache_exporter
		sub(/replacement: .*/, "replacement: \047" to "\047}")
	}
	{ print }
' "$1"
