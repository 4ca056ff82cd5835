# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh sets root, dir, dry_run and env_file
# Prometheus, Alertmanager and the exporters of --local, as processes on this machine. Sourced by lib.sh.
#
#   $dir/monitoring    prometheus.yaml and alertmanager.yaml, rendered; data, logs and pid files

# monitoring_settings reads what the scripts about monitoring need.
monitoring_settings() {
	mdir=$dir/monitoring
	config=$(setting MONITORING_CONFIG deploy)
	[ "${config#/}" != "$config" ] || config=$root/$config
	read -r -a mports <<<"$(setting MONITORING_PORTS '9091 9093 9121 9122 9123')"
	[ ${#mports[@]} = 5 ] || die "MONITORING_PORTS needs five ports: Prometheus, Alertmanager, and the exporters of Redis, the Sentinels and the cache" "$wrong_usage"
	cache_nodes=$(setting MONITORING_CACHE '')
	daemons=$(setting MONITORING_DAEMONS "$(setting OAUTH2D_ADMIN_LISTEN 127.0.0.1:9090)")
}

# program NAME...: the first of these names that is installed.
program() {
	local name
	for name in "$@"; do
		if command -v "$name" >/dev/null; then
			printf '%s' "$name"
			return
		fi
	done
	[ "$dry_run" = no ] || { printf '%s' "$1" && return; }
	die "$1 is not installed; on Debian: apt-get install prometheus prometheus-alertmanager prometheus-redis-exporter"
}

# monitoring_parts prints the name and the port of each process.
monitoring_parts() {
	printf '%s\n' "redis-exporter ${mports[2]}" "sentinel-exporter ${mports[3]}"
	[ -z "$cache_nodes" ] || echo "cache-exporter ${mports[4]}"
	printf '%s\n' "alertmanager ${mports[1]}" "prometheus ${mports[0]}"
}

# monitoring_pid NAME prints the process id if that process lives. Each has its address on its command line.
monitoring_pid() {
	local pid address
	pid=$(cat "$mdir/$1.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
	address=$(cat "$mdir/$1.address" 2>/dev/null) || return 1
	tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "web.listen-address=$address" || return 1
	printf '%s' "$pid"
}

# addresses PORT...: on this machine.
addresses() {
	local port list=''
	for port in "$@"; do list+="127.0.0.1:$port "; done
	printf '%s' "${list% }"
}

# monitoring_render writes the two settings files, checked.
monitoring_render() {
	local redis sentinel webhook
	read -r -a redis <<<"$(setting HA_REDIS_PORTS '7401 7402 7403')"
	read -r -a sentinel <<<"$(setting HA_SENTINEL_PORTS '7411 7412 7413')"
	webhook=$(setting ALERT_WEBHOOK http://127.0.0.1:9095)
	mkdir -p "$mdir"
	DAEMONS=$daemons REDIS_NODES=$(addresses "${redis[@]}") SENTINELS=$(addresses "${sentinel[@]}") CACHE_NODES=$cache_nodes \
		PROMETHEUS=127.0.0.1:${mports[0]} ALERTMANAGER=127.0.0.1:${mports[1]} REDIS_EXPORTER=127.0.0.1:${mports[2]} \
		SENTINEL_EXPORTER=127.0.0.1:${mports[3]} CACHE_EXPORTER=127.0.0.1:${mports[4]} RULES="$config/prometheus/rules/*.yaml" \
		"$root/deploy/prometheus/bin/render-config.sh" "$config/prometheus/prometheus.yaml" >"$mdir/prometheus.new"
	# Messages go to the webhook alone: here is no mail server.
	awk -v webhook="${webhook%/}" -v templates="$config/alertmanager" '
		/^ ? ? ? ?[^ ]/ { mail = 0 }
		/^    email_configs:/ { mail = 1 }
		mail || /^  smtp_/ { next }
		/^templates:/ { print "templates: [\047" templates "/*.tmpl\047]"; next }
		{ sub(/http:\/\/127\.0\.0\.1:9095/, webhook); print }
	' "$config/alertmanager/alertmanager.yaml" >"$mdir/alertmanager.new"
	promtool check config "$mdir/prometheus.new" >"$mdir/check.log" 2>&1 || die "$config/prometheus is not valid: $(tail -n 3 "$mdir/check.log")"
	amtool check-config "$mdir/alertmanager.new" >"$mdir/check.log" 2>&1 || die "$config/alertmanager is not valid: $(tail -n 3 "$mdir/check.log")"
	mv "$mdir/prometheus.new" "$mdir/prometheus.yaml"
	mv "$mdir/alertmanager.new" "$mdir/alertmanager.yaml"
}

# launch NAME PORT COMMAND...: a process of its own session, with pid file and log. A process that runs already stays, and
# reads its settings again.
launch() {
	local name=$1 port=$2 pid
	shift 2
	if [ "$dry_run" = yes ]; then
		run "$@"
		return
	fi
	if pid=$(monitoring_pid "$name"); then
		case $name in prometheus | alertmanager) kill -HUP "$pid" ;; esac
		return
	fi
	if answers "$port" /; then
		die "$name: port $port is taken by another process: stop it, or set MONITORING_PORTS"
	fi
	case $name in
	*exporter) (exporter_environment "127.0.0.1:$port" && exec setsid "$@" >>"$mdir/$name.log" 2>&1 </dev/null 9>&-) & ;;
	*) (exec setsid "$@" >>"$mdir/$name.log" 2>&1 </dev/null 9>&-) & ;;
	esac
	echo $! >"$mdir/$name.pid"
	echo "127.0.0.1:$port" >"$mdir/$name.address"
}

# exporter_environment ADDRESS exports what an exporter needs: two of the passwords, and the certificates.
exporter_environment() {
	local name
	# shellcheck disable=SC1091
	. "$dir/redis/redis1.env"
	for name in MONITOR_PASSWORD SENTINEL_PASSWORD TLS_CA_FILE TLS_CERT_FILE TLS_KEY_FILE; do export "${name?}"; done
	export EXPORTER_LISTEN=$1
}

# answers PORT PATH: whether a server there answers with 200 or a redirect.
answers() {
	local status
	status=$({
		exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
		printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
		timeout 2 head -n 1 <&3
	} 2>/dev/null) || true
	[[ $status =~ ^HTTP/1\.[01]\ (200|30[0-9]) ]]
}

monitoring_start() {
	local exporter name port ready deadline
	exporter=$root/deploy/prometheus/bin/start-exporter.sh
	if [ "$dry_run" = no ]; then
		local_ready
		local_lock
		umask 077
		for name in promtool amtool; do need "$name" "on Debian: apt-get install prometheus prometheus-alertmanager"; done
		monitoring_render
	fi
	prometheus=$(program prometheus) || exit
	alertmanager=$(program alertmanager prometheus-alertmanager) || exit
	program redis_exporter prometheus-redis-exporter >/dev/null || exit
	launch redis-exporter "${mports[2]}" "$exporter" redis
	launch sentinel-exporter "${mports[3]}" "$exporter" sentinel
	[ -z "$cache_nodes" ] || launch cache-exporter "${mports[4]}" "$exporter" cache
	launch alertmanager "${mports[1]}" "$alertmanager" --config.file="$mdir/alertmanager.yaml" --storage.path="$mdir/alertmanager" \
		--cluster.listen-address= --web.listen-address="127.0.0.1:${mports[1]}"
	launch prometheus "${mports[0]}" "$prometheus" --config.file="$mdir/prometheus.yaml" --storage.tsdb.path="$mdir/prometheus" \
		--storage.tsdb.retention.time=200h --web.listen-address="127.0.0.1:${mports[0]}"
	[ "$dry_run" = no ] || return 0
	deadline=$((SECONDS + 60))
	while read -r name port; do
		case $name in *exporter) ready=/health ;; *) ready=/-/ready ;; esac
		until answers "$port" "$ready"; do
			monitoring_pid "$name" >/dev/null || [ "$SECONDS" -lt $((deadline - 55)) ] || die "$name did not start: $(tail -n 1 "$mdir/$name.log"); see $(short "$mdir/$name.log")"
			[ "$SECONDS" -lt "$deadline" ] || die "$name is not ready after 60 s; see $(short "$mdir/$name.log")"
			sleep 0.1
		done
	done < <(monitoring_parts)
	say "Prometheus is at http://127.0.0.1:${mports[0]}, Alertmanager at http://127.0.0.1:${mports[1]}"
}

# monitoring_stop ends what monitoring_start has started. It can be repeated.
monitoring_stop() {
	local file name pid deadline stopped=0
	if [ "$dry_run" = yes ]; then
		for name in prometheus alertmanager redis-exporter sentinel-exporter cache-exporter; do
			printf 'kill -TERM "$%s"\n' "(cat $mdir/$name.pid)"
		done
		return
	fi
	for file in "$mdir"/*.pid; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .pid)
		if pid=$(monitoring_pid "$name"); then
			kill -TERM "$pid"
			stopped=$((stopped + 1))
		fi
		deadline=$((SECONDS + 30))
		while monitoring_pid "$name" >/dev/null; do
			[ "$SECONDS" -lt "$deadline" ] || die "$name, process $pid, still runs 30 s after SIGTERM: kill -KILL $pid"
			sleep 0.05
		done
		rm -f "$file" "$mdir/$name.address"
	done
	if [ "$stopped" = 0 ]; then say "no part of the monitoring runs"; else say "$stopped processes of the monitoring are stopped"; fi
}
