#!/usr/bin/env bash
# Checks the model of the acknowledgement rule (ack.pml): the rule must hold over the whole state
# space, and what it is compared with must fail. Exit status 0 only when both hold.
#
#   docs/model/check.sh                everything; about two minutes on two free cores, 1 GB
#   WRITES=1 docs/model/check.sh       one write instead of two: a third of the work
#   JOBS=1 docs/model/check.sh         one search at a time (default: one a core)
#   EXACT=yes docs/model/check.sh      whole states in memory (2 GB) instead of 64-bit digests of
#                                      them; with digests the chance that any of the 10^7 states
#                                      was taken for another one is about one in 100 000
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(cd "$here/../.." && pwd)/build/model
model=$here/ack.pml
writes=${WRITES:-2}
jobs=${JOBS:-$(nproc)}

# search NAME SEARCH DEFINES... runs one search in its own folder. SEARCH is "all" for the whole
# state space, "first" to stop at the shortest counterexample.
search() {
	local name=$1 kind=$2 dir=$out/$1 how=(-DHC4)
	shift 2
	rm -rf "$dir"
	mkdir -p "$dir"
	cd "$dir"
	printf '%s\n' "$@" >defines
	[ "${EXACT:-no}" = yes ] && how=()
	[ "$kind" = first ] && how=(-DBFS)
	spin -a "$@" "$model" >spin.out
	# No partial order reduction: it does not go with "provided", and there is nothing to gain.
	gcc -w -O3 -DSAFETY -DNOREDUCE "${how[@]}" -o pan pan.c
	SECONDS=0
	./pan -E -m1000000 >pan.out 2>&1
	echo "$SECONDS" >seconds
}

# verdict NAME prints the result of a finished search: holds, violated, or why there is none.
verdict() {
	local dir=$out/$1
	if ! grep -q 'State-vector .* errors:' "$dir/pan.out" 2>/dev/null; then
		echo "did not run: see $dir"
	elif grep -q 'assertion violated' "$dir/pan.out"; then
		echo violated
	elif grep -q 'errors: 0' "$dir/pan.out" && ! grep -qiE 'search not completed|max search depth|out of memory' "$dir/pan.out"; then
		echo holds
	else
		echo "not complete: see $dir"
	fi
}

# replay NAME prints a counterexample as a story.
replay() {
	local dir=$out/$1 defines
	cd "$dir"
	mapfile -t defines <defines
	spin -t -k ack.pml.trail "${defines[@]}" "$model" | sed -n 's/^ \+\([a-zA-Z].*\)/    \1/p'
}

# name, what must come out, search, defines
searches() {
	local fault
	for fault in cut sentcut crash side; do
		echo "rule-$fault holds all -DRULE -DFAULT=$fault -DMASTER"
	done
	for fault in cut sentcut crash side; do
		echo "rule-$fault-replica holds all -DRULE -DFAULT=$fault -DREPLICA"
	done
	echo "rule-failover holds all -DRULE -DFAULT=planned"
	echo "rule-epoch holds all -DRULE -DFAULT=behind"
	echo "rule-roles holds all -DRULE -DHISTORY -DFAULT=back"
	echo "wait1-failover violated first -DWAIT1 -DFAULT=planned"
	echo "count-crash violated first -DCOUNT -DFAULT=crash -DMASTER"
	echo "noepoch-behind violated first -DNOEPOCH -DFAULT=behind"
	echo "roles-back violated first -DROLES -DHISTORY -DFAULT=back"
	echo "reach-failover violated first -DRULE -DREACH -DFAULT=planned"
}

if [ "${1:-}" = search ]; then
	shift
	search "$@"
	exit
fi

for tool in spin gcc; do
	command -v "$tool" >/dev/null || { echo "check.sh: $tool is missing (apt-get install spin gcc)" >&2; exit 2; }
done
mkdir -p "$out"

# -DREACH needs two writes. One is enough to be lost, and to refute a control: the searches that would take minutes
# with a second one have one. The others have as many as asked for.
searches | while read -r name _ kind defines; do
	n=$writes
	case $name in count-* | noepoch-* | roles-* | rule-epoch | rule-roles) n=1 ;; reach-*) n=2 ;; esac
	echo "search $name $kind $defines -DWRITES=$n"
done | xargs -P "$jobs" -L 1 "${BASH_SOURCE[0]}" || true

wrong=0
printf '%-22s %12s %9s  %s\n' search states seconds result
while read -r name want _ _; do
	got=$(verdict "$name")
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$out/$name/pan.out" 2>/dev/null || true)
	note=
	case $name in reach-*) [ "$got" = violated ] && note='(a run was found, as there must be)' ;; esac
	if [ "$got" != "$want" ]; then
		note="BUT MUST BE: $want"
		wrong=1
	fi
	printf '%-22s %12s %9s  %s %s\n' "$name" "${states:-?}" "$(cat "$out/$name/seconds" 2>/dev/null || echo '?')" "$got" "$note"
done < <(searches)

for name in wait1-failover count-crash noepoch-behind roles-back; do
	if [ "$(verdict "$name")" = violated ]; then
		echo
		echo "How a write is lost ($name):"
		replay "$name"
	fi
done
for name in $(searches | sed -n 's/^\(rule[^ ]*\) .*/\1/p'); do
	if [ "$(verdict "$name")" = violated ]; then
		echo
		echo "THE RULE IS BROKEN ($name):"
		replay "$name"
	fi
done
exit "$wrong"
