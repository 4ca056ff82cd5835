# shellcheck shell=bash
# Shared by every script of this folder: options, settings, the target, and how a command is run or printed.
#
# A script sets nothing before it sources this file. It may define two functions:
#   own_option "$@"   reads an option of its own: sets taken to the number of words it used, 0 if it knows none
#   own_help          prints the lines about its own options
# and then calls read_options "$@", which sets target, words (the other arguments) and more (those after --).
set -euo pipefail

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$scripts/../.." && pwd)
me=${0##*/}

# The exit codes of the scripts themselves; that of a command that they run is passed on.
failed=1 wrong_usage=2 refused=4

say() { printf '%s: %s\n' "$me" "$*" >&2; }

# die MESSAGE [CODE]: the message says what is wrong, where, and what to do about it.
die() {
	say "$1"
	exit "${2:-$failed}"
}

own_option() { taken=0; }
own_help() { :; }
yes=no daemon_only=no redis_only=no

# help prints the comment at the head of the script, its own options and the common ones.
help() {
	sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
	own_help
	cat <<-'END'

		Target (or DEPLOY_TARGET; or local, if deploy --local was run here; nothing else is guessed):
		  --local              processes on this machine: a Sentinel group and the daemon
		  --compose            the compose file of deploy/compose
		  --kubernetes         the chart of helm/oauth2d

		Common options:
		  --env-file FILE      settings, as in .env.example; the environment overrides it (.env, if it is there)
		  --namespace NAME     of Kubernetes (KUBE_NAMESPACE, default auth)
		  --context NAME       of kubectl and Helm (KUBE_CONTEXT, default: the current one)
		  --release NAME       of Helm (HELM_RELEASE, default oauth2d)
		  --project NAME       of compose (COMPOSE_PROJECT_NAME, default oauth2d)
		  --dry-run            print the commands, run none
		  -h, --help           this text

		Exit codes: 0 done, 1 failed, 2 the command line was not understood, 4 not confirmed; a command that a script
		runs passes its own code on.
	END
}

# value "$@": the value of the option in $1, which is the next word.
value() {
	[ -n "${2:-}" ] || die "$1 needs a value; see $me --help" "$wrong_usage"
	printf '%s' "$2"
}

read_options() {
	target='' chosen='' env_file='' namespace='' context='' release='' project='' dry_run=no words=() more=()
	while [ $# -gt 0 ]; do
		taken=1
		case $1 in
		-h | --help)
			help
			exit 0
			;;
		--local | --compose | --kubernetes)
			[ -z "$target" ] || [ "$target" = "${1#--}" ] || die "--$target and $1 exclude each other" "$wrong_usage"
			target=${1#--} chosen=$1
			;;
		--env-file) env_file=$(value "$@") taken=2 ;;
		--namespace) namespace=$(value "$@") taken=2 ;;
		--context) context=$(value "$@") taken=2 ;;
		--release) release=$(value "$@") taken=2 ;;
		--project) project=$(value "$@") taken=2 ;;
		--dry-run) dry_run=yes ;;
		--)
			shift
			more=("$@")
			break
			;;
		*) read_other "$@" ;;
		esac
		shift "$taken"
	done
	[ -z "$env_file" ] || [ -r "$env_file" ] || die "--env-file $env_file: there is no such file; cp .env.example $env_file"
	[ -n "$env_file" ] || [ ! -r "$root/.env" ] || env_file=$root/.env
	[ -z "$env_file" ] || env_file=$(realpath "$env_file")
	settings
}

# read_other reads an option of the script, or a word that is none.
read_other() {
	own_option "$@"
	[ "$taken" = 0 ] || return 0
	[ "${1#-}" = "$1" ] || die "$1 is not an option; see $me --help" "$wrong_usage"
	words+=("$1")
	taken=1
}

# no_words refuses arguments that the script does not use.
no_words() {
	[ ${#words[@]} -eq 0 ] || die "\"${words[0]}\" is not understood; see $me --help" "$wrong_usage"
	[ ${#more[@]} -eq 0 ] || die "\"--\" takes no words here; see $me --help" "$wrong_usage"
}

# setting NAME DEFAULT prints the variable of the environment, or of the env file, or the default.
setting() {
	local found=${!1:-}
	if [ -z "$found" ] && [ -n "$env_file" ]; then
		found=$(sed -nE "s/^(export +)?$1=[\"']?([^\"'#]*[^\"'# ])[\"']?( +#.*)?\$/\2/p" "$env_file" | tail -n 1)
	fi
	printf '%s' "${found:-$2}"
}

settings() {
	dir=$(setting LOCAL_DIR build/local)
	[ "${dir#/}" != "$dir" ] || dir=$root/$dir
	namespace=${namespace:-$(setting KUBE_NAMESPACE auth)}
	context=${context:-$(setting KUBE_CONTEXT '')}
	release=${release:-$(setting HELM_RELEASE oauth2d)}
	project=${project:-$(setting COMPOSE_PROJECT_NAME oauth2d)}
	choose_target
}

# choose_target says on standard error what was chosen, and why, unless the command line says it.
choose_target() {
	[ -z "$target" ] || return 0
	target=$(setting DEPLOY_TARGET '') chosen="DEPLOY_TARGET"
	if [ -z "$target" ] && [ -e "$dir/deployed" ]; then
		target=local chosen="deployed in $(short "$dir")"
	fi
	case $target in
	local | compose | kubernetes) say "target: $target ($chosen)" ;;
	'') die "no target is named: add --local, --compose or --kubernetes, or set DEPLOY_TARGET in .env" "$wrong_usage" ;;
	*) die "DEPLOY_TARGET: \"$target\" is none of local, compose, kubernetes" "$wrong_usage" ;;
	esac
}

# short PATH: relative to the project, where it is in it.
short() { printf '%s' "${1#"$root"/}"; }

# need PROGRAM HINT
need() {
	[ "$dry_run" = yes ] || command -v "$1" >/dev/null || die "$1 is not installed; $2"
}

# run COMMAND...: or print it, as it can be pasted into a shell, where $master is set.
run() {
	if [ "$dry_run" = no ]; then
		"$@"
		return
	fi
	local word line=''
	for word in "$@"; do
		[[ $word =~ ^([A-Za-z0-9_./:=@%,+-]+|\"\$master\")$ ]] || word="'${word//\'/\'\\\'\'}'"
		line+="$word "
	done
	printf '%s\n' "${line% }"
}

# confirm QUESTION WORD: goes on when WORD is typed, or with --yes. Without a terminal and without --yes it refuses.
confirm() {
	if [ "$yes" = yes ] || [ "$dry_run" = yes ]; then return 0; fi
	[ -t 0 ] || die "this needs a confirmation and there is no terminal to ask: add --yes" "$refused"
	local answer=''
	printf '%s Type "%s" to go on: ' "$1" "$2" >&2
	read -r answer || true
	[ "$answer" = "$2" ] || die "not confirmed, nothing was changed" "$refused"
}

# kube WORD...: kubectl in the namespace of the release.
kube() {
	need kubectl "see https://kubernetes.io/docs/tasks/tools/"
	run kubectl ${context:+--context "$context"} --namespace "$namespace" "$@"
}

# chart WORD...: Helm in the namespace of the release.
chart() {
	need helm "see https://helm.sh/docs/intro/install/"
	run helm ${context:+--kube-context "$context"} --namespace "$namespace" "$@"
}

# name of the resources of the release, as the chart makes it.
resource() {
	case $release in
	*oauth2d*) printf '%s' "$release" ;;
	*) printf '%s' "$release-oauth2d" ;;
	esac
}

# parts prints the StatefulSets of the release with their numbers of pods, the Sentinels first. A number of 0 says that
# the release has none: with a Redis of somebody else, or one without Sentinels.
parts() {
	[ "$daemon_only" = no ] || return 0
	printf '%s\n' "statefulset/$(resource)-sentinel $(setting SENTINEL_REPLICAS 3)" "statefulset/$(resource)-redis $(setting REDIS_REPLICAS 3)" | grep -v ' 0$'
}

# scale WORKLOAD NUMBER, and wait until it is so.
scale() {
	kube scale "$1" --replicas "$2"
	kube rollout status "$1" --timeout 5m
}

# compose WORD...
compose() {
	local program
	read -r -a program <<<"$(setting COMPOSE 'docker compose')"
	need "${program[0]}" "install Docker with its compose plugin, or set COMPOSE='podman compose'"
	run "${program[@]}" --file "$root/deploy/compose/compose.yaml" --project-name "$project" ${env_file:+--env-file "$env_file"} "$@"
}

# compose_monitoring WORD...: with the file of the monitoring on top.
compose_monitoring() {
	local files=(--file "$root/deploy/compose/monitoring.yaml")
	compose "${files[@]}" "$@"
}

# chart_monitoring true|false WORD...: switches the monitoring of the release, and leaves its other values.
chart_monitoring() {
	local on=$1
	shift
	chart upgrade "$release" "$root/helm/oauth2d" --reset-then-reuse-values --set "monitoring.enabled=$on" \
		--set "monitoring.dashboards.enabled=$on" --wait --timeout 10m "$@"
}

# interactive reports whether a person types and reads.
interactive() { [ -t 0 ] && [ -t 1 ]; }

# inside SERVICE POD CONTAINER WORD...: a command in a container of compose or Kubernetes.
inside() {
	local service=$1 pod=$2 container=$3 options=()
	shift 3
	if [ "$target" = compose ]; then
		interactive || options=(--no-TTY)
		compose exec "${options[@]}" "$service" "$@"
	else
		options=(--stdin)
		! interactive || options+=(--tty)
		kube exec "${options[@]}" "$pod" --container "$container" -- "$@"
	fi
}

# daemon WORD...: a command of the binary with the settings of the daemon.
daemon() {
	if [ "$target" = local ]; then
		local_daemon "$@"
	else
		inside oauth2d "deployment/$(resource)" oauth2d /oauth2d "$@"
	fi
}

# connect_help DEFAULT and connect_option are the own_help and own_option of the scripts that open redis-cli.
connect_help() {
	cat <<-END

		Options:
		  --user NAME          a user of deploy/redis/users.acl ($1)
		  -- WORD...           a command of Redis, instead of a prompt
	END
}

connect_option() {
	taken=2
	case $1 in
	--user) user=$(value "$@") ;;
	*) taken=0 ;;
	esac
}

# connect DATABASE opens redis-cli on the master, or runs the command in more. Its password stays in the environment of
# the process, where redis-cli reads it.
connect() {
	local master words
	case $user in
	admin | app | cache | monitor | cleanup | backup) ;;
	*) die "--user $user: is none of admin, app, cache, monitor, cleanup, backup" "$wrong_usage" ;;
	esac
	if [ "$dry_run" = yes ]; then
		printf 'master=$%s\n' "($(daemon redis master))"
		master="\"\$master\""
	else
		master=$(daemon redis master) || exit
	fi
	words=("$user" "$master" -n "$1" "${more[@]}")
	if [ "$target" = local ]; then
		local_connect "${words[@]}"
	else
		[ "$target" = kubernetes ] && scripts=/opt/redis/bin || scripts=/deploy/redis/bin
		inside redis-1 "$(resource)-redis-0" redis "$scripts/connect.sh" "${words[@]}"
	fi
}

# shellcheck source=local.sh
. "$scripts/local.sh"
# shellcheck source=monitoring.sh
. "$scripts/monitoring.sh"
