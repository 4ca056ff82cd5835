#!/usr/bin/env bash
# Stops the group of ha-up.sh, by its pid files and nothing else; it can be repeated.
#
#   ha-down.sh           keeps the data
#   ha-down.sh --wipe    removes data, passwords and certificates as well
#
#   HA_DIR               as for ha-up.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=render.sh
. "$here/render.sh"
# shellcheck source=pidfile.sh
. "$here/pidfile.sh"
case ${1:-} in
'' | --wipe) ;;
*) die "\"$1\" is not understood; see ha-down.sh --help" ;;
esac
dir=${HA_DIR:-$(cd "$here/../../.." && pwd)/build/redis-ha}

files=()
for file in "$dir"/sentinel?.pid "$dir"/redis?.pid; do
	if pid=$(ours "$file"); then
		kill -CONT "$pid" 2>/dev/null || true
		kill -TERM "$pid" 2>/dev/null || true
		files+=("$file")
	fi
done

# A master waits for its replicas before it goes; here there is nobody left to wait for.
deadline=$((SECONDS + 3))
for file in "${files[@]}"; do
	while pid=$(ours "$file"); do
		[ "$SECONDS" -lt "$deadline" ] || { kill -KILL "$pid" 2>/dev/null || true; }
		sleep 0.05
	done
done
rm -f "$dir"/sentinel?.pid "$dir"/redis?.pid
if [ "${1:-}" = --wipe ]; then
	rm -rf "$dir"
fi
