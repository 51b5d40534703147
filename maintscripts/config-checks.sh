# Sets `fault`, the template that explains what is wrong with an answer, `culprit`, the part of the
# answer that is wrong, and `program`; `fault` is empty for a good answer.  It is called `before` the
# question is shown, and `after` somebody has answered.
find_fault() {
	value=$(answer "$1")
	fault=
	culprit=
	program=
	case $1 in
	users | admins) check_people "$value" ;;
	create-accounts)
		check_choice "$value" true false
		[ "$value" != false ] || check_accounts users admins
		;;
	server-names) check_server_names "$value" ;;
	certificate) check_choice "$value" own files none ;;
	certificate-file | key-file) check_file "$1" "$value" "$2" ;;
	https-port) check_port "$value" && check_listener "$value" ;;
	http-port) check_http_port "$value" "$2" ;;
	interface) check_choice "$value" lab notebook ;;
	memory-limit) check_memory "$value" ;;
	cpu-limit) check_cpu "$value" ;;
	tasks-limit) [ "$value" = none ] || at_least 128 "$value" || refuse tasks "$value" ;;
	idle-hours) matches "$value" '[0-9]{1,5}' || refuse hours "$value" ;;
	purge-state) check_choice "$value" true false ;;
	esac || true
}

refuse() {
	fault=$1
	# Without what a terminal takes for a command.
	culprit=$(printf '%s' "$2" | tr '\n' ' ' | tr -d '\000-\037\177')
	return 1
}

# Whether the whole text fits; one with a second line fits only where that does too.
matches() {
	! printf '%s\n' "$1" | LC_ALL=C grep -qvxE -e "$2"
}

at_least() {
	matches "$2" '[0-9]{1,15}' && [ "$2" -ge "$1" ]
}

check_choice() {
	chosen=$1
	shift
	for choice; do
		[ "$chosen" != "$choice" ] || return 0
	done
	refuse choice "$chosen"
}

split_names() {
	printf '%s\n' "$1" | tr -s ',[:space:]' '\n' | sed '/^$/d'
}

# The lines of passwd for plain names, one on each line: one getent for all of them.
accounts_of() {
	printf '%s\n' "$1" | xargs -r getent passwd -- || true
}

# The rule of /usr/lib/teamhub/teamhub/people/accounts.py.
check_people() {
	names=$(split_names "$1")
	[ -n "$names" ] || return 0
	bad=$(printf '%s\n' "$names" | LC_ALL=C grep -vxE '[a-z][-a-z0-9_]{0,31}' || true)
	[ -z "$bad" ] || refuse name "$bad" || return 1
	! printf '%s\n' "$names" | grep -qx rhea || refuse service-account rhea || return 1
	bad=$(accounts_of "$names" | grep -vE '^[^:]*:[^:]*:([1-9][0-9]{3}|[1-5][0-9]{4}):' || true)
	[ -z "$bad" ] || refuse system-account "$(printf '%s\n' "$bad" | cut -d: -f1)"
}

# Everybody on these lists has an account.
check_accounts() {
	for ask_again; do
		names=$(split_names "$(answer "$ask_again")")
		known=$(accounts_of "$names" | cut -d: -f1)
		bad=$(printf '%s\n' "$names" | sed '/^$/d' | grep -vxF -e "$known" || true)
		[ -z "$bad" ] || refuse no-account "$bad" || return 1
	done
}

check_server_names() {
	label='[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
	byte='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
	bad=$(printf '%s\n' "$1" | tr -s '[:space:]' '\n' | LC_ALL=C sed -nE \
		-e "/^($byte\.){3}$byte\$/d" -e '/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/d' \
		-e '/^[0-9.]+$/{p;d}' -e "/^($label(\.$label)*)?\$/d" -e p)
	[ -z "$bad" ] || refuse server-name "$bad"
}

check_file() {
	[ -n "$2" ] || [ "$3" = after ] || return 0
	case $2 in
	/*) [ -f "$2" ] && [ -r "$2" ] || refuse "$1" "$2" ;;
	*) refuse "$1" "$2" ;;
	esac
}

check_port() {
	matches "$1" '[1-9][0-9]{0,4}' && [ "$1" -le 65535 ] || refuse port "$1" || return 1
	! matches "$1" '801|808' || refuse inner-port "$1"
}

# Until somebody has seen the question, the postinst may do without the redirect by itself.
check_http_port() {
	if [ "$1" = off ]; then
		[ "$(answer certificate)" != none ] || refuse port-off "$1"
		return
	fi
	check_port "$1" || return 1
	if applies https-port && [ "$1" = "$(answer https-port)" ]; then
		refuse same-ports "$1"
		return
	fi
	[ "$2" = before ] || check_listener "$1"
}

# On one of several addresses, which the file can name, another program's port may be free.
check_listener() {
	! grep -qs '^LISTEN_ADDRESS=.*[0-9:]' "$CONF" || return 0
	program=$(listener "$1")
	[ -z "$program" ] || refuse port-in-use "$1"
}

# The program, other than our proxy, that listens on a TCP port: state 0A, then the socket's inode.
listener() {
	port=$(printf '%04X' "$1")
	between="[^ ]* [^ ]* [^ ]* *[0-9]* *[0-9]*"
	inodes=$(sed -n "s/^ *[0-9]*: [0-9A-F]*:$port [0-9A-F:]* 0A $between \([0-9]*\) .*/\1/p" \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null || true)
	for inode in $inodes; do
		for descriptor in $(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null || true); do
			process=${descriptor%/fd/*}
			if ! grep -qs teamhub-proxy.service "$process/cgroup"; then
				cat "$process/comm" 2>/dev/null || true
				return
			fi
		done
	done
}

check_memory() {
	[ "$1" != none ] || return 0
	number=$(hundredths "${1%[KMGT]}")
	case $1 in
	*K) at_least 26214400 "$number" ;;
	*M) at_least 25600 "$number" ;;
	*G) at_least 25 "$number" ;;
	*T) at_least 1 "$number" ;;
	*) false ;;
	esac || refuse memory "$1"
}

check_cpu() {
	[ "$1" = none ] || at_least 10 "$(hundredths "$1")" || refuse cpu "$1"
}

# sh has no fractions: 1.5 is 150 hundredths.  Nothing for what is no number.
hundredths() {
	! matches "$1" '[0-9]{1,6}(\.[0-9]{1,2})?' ||
		printf '%s\n' "$1" | sed -e 's/$/.00/' -e 's/^\([0-9]*\.[0-9]*\)\.00$/\100/' -e 's/\.\(..\).*/\1/'
}
