#!/usr/bin/env bash
# Point-in-time recovery: makes the data of a Redis node as it was at a chosen second, from its append-only file. The
# source is only read, so the node may run meanwhile; the result is a new folder.
#
#   recover-to.sh SOURCE                 prints the first and the last second that can be chosen
#   recover-to.sh SOURCE TIME TARGET     makes TARGET, a folder for a Redis to start from
#
#   SOURCE   the data folder of a node (REDIS_DIR), or a copy of it; it has the folder appendonlydir
#   TIME     "2026-11-29 14:05:00 UTC", @1796047500, or whatever date -d reads. Changes of this second are kept, later
#            ones are not.
#   TARGET   must not exist yet
#
# Redis rewrites its append-only file from time to time, and forgets what was before the rewrite. To keep a time within
# reach after an accident, stop that at once: CONFIG SET auto-aof-rewrite-percentage 0
# Exit codes: 0 done, 1 failed, 2 the command line was not understood, 3 the time cannot be reached.
set -euo pipefail

# shellcheck source=render.sh
. "$(dirname "${BASH_SOURCE[0]}")/render.sh"

refuse() {
	say "$2"
	exit "$1"
}

[ $# -eq 1 ] || [ $# -eq 3 ] || refuse 2 "usage: recover-to.sh SOURCE [TIME TARGET]; see recover-to.sh --help"
source=${1%/} target=${3:-}
target=${target%/}
for program in redis-check-aof redis-check-rdb; do
	command -v "$program" >/dev/null || die "$program is not installed; it comes with Redis"
done
dir=$source/appendonlydir
[ -d "$dir" ] || dir=$source
manifest=$(find "$dir" -maxdepth 1 -name '*.aof.manifest' 2>/dev/null | head -n 1)
[ -n "$manifest" ] || die "$source has no append-only file (no appendonlydir/*.aof.manifest); name the data folder of a node with appendonly yes"

show() { date -u -d "@$1" '+%Y-%m-%d %H:%M:%S UTC'; }

# files TYPE prints the files of the manifest of that type, in their order.
files() { awk -v type="$1" '$1 == "file" && $6 == type { print $2 }' "$manifest"; }

# stamps FILE prints the times in an incremental file. A value may look like one; a real one stands alone on its line and
# is not in the future.
stamps() { grep -a -oE '^#TS:[0-9]+'$'\r''$' "$dir/$1" | tr -dc '0-9\n' || true; }

mapfile -t bases < <(files b)
mapfile -t increments < <(files i)
[ ${#increments[@]} -gt 0 ] || die "the append-only file of $source has no incremental file: there is nothing to go back in"
for file in "${bases[@]}" "${increments[@]}"; do
	[ -r "$dir/$file" ] || die "$dir/$file is missing; if Redis runs, it has just rewritten its append-only file: try again"
done

# The base is a snapshot: nothing before it can be reached. A node that never rewrote its file may have no base.
first=''
for file in "${bases[@]}"; do
	case $file in
	*.rdb)
		first=$(redis-check-rdb "$dir/$file" 2>/dev/null | sed -nE "s/.*AUX FIELD ctime = '([0-9]+)'.*/\1/p") || true
		[ -n "$first" ] || die "$dir/$file is damaged: redis-check-rdb finds no time in it"
		;;
	*) die "$dir/$file is not an RDB file; Redis writes one with aof-use-rdb-preamble yes" ;;
	esac
done
begin='' last=''
for file in "${increments[@]}"; do
	[ -n "$begin" ] || begin=$(stamps "$file" | head -n 1)
	end=$(stamps "$file" | tail -n 1)
	last=${end:-$last}
done
[ -n "$last" ] || die "the append-only file of $source has no times; Redis writes them with aof-timestamp-enabled yes"
first=${first:-$begin}
if [ $# -eq 1 ]; then
	echo "first: $(show "$first") (@$first)"
	echo "last:  $(show "$last") (@$last)"
	exit 0
fi

time=$(date -u -d "$2" +%s 2>/dev/null) || refuse 2 "\"$2\" is not a time; write it as \"2026-11-29 14:05:00 UTC\" or @1796047500"
reach="times from $(show "$first") to $(show "$last") can be chosen"
[ "$time" -ge "$first" ] || refuse 3 "$(show "$time") is before the append-only file begins: $reach; use a backup for an earlier time"
[ "$time" -le "$last" ] || refuse 3 "$(show "$time") is after the last change: $reach"
[ ! -e "$target" ] || refuse 2 "$target exists already; name a new folder"

partial=$target.partial
rm -rf "$partial"
mkdir -p "$partial/appendonlydir"
trap 'rm -rf "$partial"' EXIT
new=$partial/appendonlydir

# A file that begins after the chosen second goes as a whole; redis-check-aof can cut the last file only.
kept=()
for file in "${increments[@]}"; do
	start=$(stamps "$file" | head -n 1)
	if [ -z "$start" ] || [ "$start" -le "$time" ]; then kept+=("$file"); else break; fi
done
for file in "${bases[@]}" "${kept[@]}"; do
	cp "$dir/$file" "$new/$file" || die "cannot copy $dir/$file to $partial; if Redis runs, it has just rewritten its append-only file: try again"
done
for file in "${bases[@]}"; do awk -v file="$file" '$2 == file' "$manifest"; done >"$new/${manifest##*/}"
for file in "${kept[@]}"; do awk -v file="$file" '$2 == file' "$manifest"; done >>"$new/${manifest##*/}"

if [ ${#kept[@]} -gt 0 ]; then
	file=$new/${kept[-1]}
	# Without a later time in it, all of the file stays, up to its last complete command.
	if [ -n "$(stamps "${kept[-1]}" | awk -v t="$time" '$1 > t { print; exit }')" ]; then
		said=$(redis-check-aof --truncate-to-timestamp "$time" "$new/${manifest##*/}" 2>&1 <<<y) || die "redis-check-aof cannot cut $file: $(tail -n 1 <<<"$said")"
	else
		said=$(redis-check-aof --fix "$new/${manifest##*/}" 2>&1 <<<y) || die "redis-check-aof refuses $file: $(tail -n 1 <<<"$said")"
	fi
fi
said=$(redis-check-aof "$new/${manifest##*/}" 2>&1) || die "the result is damaged: $(tail -n 1 <<<"$said")"
mv "$partial" "$target"
trap - EXIT
say "$target holds the data as of $(show "$time")"
