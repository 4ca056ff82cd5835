# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts that source this read what it sets
# What the Sentinels say. Sourced by the start scripts; wants SENTINELS, MASTER_NAME,
# SENTINEL_PASSWORD and the TLS_*_FILE variables.

# ask_sentinel HOST:PORT prints "HOST:PORT REPLICAS FLAGS" of the master that it names, or nothing.
ask_sentinel() {
	REDISCLI_AUTH=$SENTINEL_PASSWORD timeout "${ASK_TIMEOUT:-2}" redis-cli --no-auth-warning \
		-h "${1%:*}" -p "${1##*:}" --tls --cacert "$TLS_CA_FILE" --cert "$TLS_CERT_FILE" --key "$TLS_KEY_FILE" \
		SENTINEL MASTER "$MASTER_NAME" 2>/dev/null </dev/null | awk '
			NR % 2 { key = $0; next }
			{ value[key] = $0 }
			END {
				if (value["ip"] != "" && value["port"] != "")
					print value["ip"] ":" value["port"], value["num-slaves"], value["flags"]
			}' || true
}

# ask_sentinels asks all of SENTINELS at once and sets
#   answers   how many answered
#   agreed    the HOST:PORT that a majority of all names, or empty
#   named     every HOST:PORT that was named, one a line
#   replicas  the most replicas that any of them knows
#   failing   yes when any of them has a failover in progress
ask_sentinels() {
	local all=() one reply count
	read -r -a all <<<"$SENTINELS"
	reply=$(for one in "${all[@]}"; do ask_sentinel "$one" & done; wait)
	answers=0 agreed='' named='' replicas=0 failing=no
	[ -n "$reply" ] || return 0
	answers=$(wc -l <<<"$reply")
	named=$(cut -d' ' -f1 <<<"$reply" | sort -u)
	replicas=$(cut -d' ' -f2 <<<"$reply" | sort -n | tail -n 1)
	grep -q failover_in_progress <<<"$reply" && failing=yes
	read -r count one < <(cut -d' ' -f1 <<<"$reply" | sort | uniq -c | sort -rn)
	if [ "$count" -gt $((${#all[@]} / 2)) ]; then
		agreed=$one
	fi
}

# same_node HOST:PORT HOST:PORT tells whether both mean one server: the same words, or the same port
# on names that share an address.
same_node() {
	[ "$1" = "$2" ] && return 0
	[ "${1##*:}" = "${2##*:}" ] || return 1
	grep -qxFf <(getent ahosts "${1%:*}" | cut -d' ' -f1) <(getent ahosts "${2%:*}" | cut -d' ' -f1)
}
