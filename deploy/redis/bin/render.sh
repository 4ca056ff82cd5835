# shellcheck shell=bash
# Filling in templates, reading secrets, and --help, which prints the comment at the head of the script. Sourced by the
# scripts.

case ${1:-} in
-h | --help)
	sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
	exit 0
	;;
esac

say() { echo "${0##*/}: $*" >&2; }

die() {
	say "$@"
	exit 1
}

# secrets NAME: the passwords in $NAME, or in the file $NAME_FILE, one a line. There are several while one is rotated: the
# first is the one to use, the others are accepted as well. They go into configuration files unquoted, so each must be one
# word of harmless characters; openssl rand -hex 24 makes one.
secrets() {
	local name=$1 file=$1_FILE value word words
	value=${!name:-}
	if [ -z "$value" ] && [ -n "${!file:-}" ]; then
		value=$(cat "${!file}") || die "$file: cannot read ${!file}"
	fi
	read -r -d '' -a words <<<"$value" || true
	[ "${#words[@]}" -gt 0 ] || die "$name (or $file) is not set"
	for word in "${words[@]}"; do
		[[ $word =~ ^[A-Za-z0-9._~+/=@%:,-]+$ ]] ||
			die "$name: only letters, digits and . _ ~ + / = @ % : , - are possible in a password"
		printf '%s\n' "$word"
	done
}

# secret NAME: the first of them.
secret() {
	local all
	all=$(secrets "$1") || exit 1
	printf '%s' "${all%%$'\n'*}"
}

# digest VALUE: its SHA-256 in hexadecimal, as Redis ACLs take a password.
digest() { printf '%s' "$1" | sha256sum | cut -d' ' -f1; }

# digests NAME: those of all its passwords, as they stand behind the # of an ACL rule.
digests() {
	local all word text=
	all=$(secrets "$1") || exit 1
	for word in $all; do text+=" #$(digest "$word")"; done
	printf '%s' "${text# #}"
}

# render TEMPLATE FILE: replaces each ${NAME} by the exported variable of that name. The file holds
# passwords or digests of passwords, so nobody else may read it.
render() {
	local new=$2.new
	(
		umask 077
		awk -v file="$1" '{
			out = ""
			while (match($0, /\$[{][A-Z0-9_]+[}]/)) {
				name = substr($0, RSTART + 2, RLENGTH - 3)
				if (!(name in ENVIRON)) {
					print file ": " name " is not set" > "/dev/stderr"
					exit 1
				}
				out = out substr($0, 1, RSTART - 1) ENVIRON[name]
				$0 = substr($0, RSTART + RLENGTH)
			}
			print out $0
		}' "$1" >"$new"
	) || die "cannot render $1"
	mv "$new" "$2"
}
