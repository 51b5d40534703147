# What the system says is what the dialogue shows: an admin's edit of a file or a group is never
# undone.  But config runs twice in one installation (dpkg-preconfigure, then before the postinst),
# and what was answered in the first run must pass the second: the flag `pending` marks it, and the
# postinst takes the flag away.
show_truth() {
	db_fget "teamhub/$1" pending
	if [ "$RET" = true ] && [ "$action" != reconfigure ]; then
		return 0
	fi
	case $1 in
	users) show_members users jupyterhub ;;
	admins) show_members admins jupyterhub-admin ;;
	purge-state) ;;
	*) [ ! -f "$CONF" ] || show_setting "$1" ;;
	esac
}

show() {
	db_set "teamhub/$1" "$2"
	keep "$1" "$2"
}

# Before the first configuration is finished, a group fills in only what nobody has answered.
show_members() {
	if [ -n "$configured_version" ] || [ -z "$(answer "$1")" ]; then
		if group=$(getent group "$2"); then
			show "$1" "$(printf '%s' "$group" | cut -d: -f4 | sed 's/,/, /g')"
		fi
	fi
}

# KEY=value, KEY="value" or KEY='value'.  A line in any other form is not shown, and the postinst
# names it.  The = marks that there is a value, which may be empty.
show_setting() {
	key=$(printf '%s' "$1" | tr a-z- A-Z_)
	written=$(sed -n "s/^$key=//p" "$CONF" | tail -n 1 | sed -n \
		-e 's/^"\([^"\\$`]*\)"$/=\1/p' \
		-e "s/^'\([^'\\\\\$\`]*\)'\$/=\1/p" \
		-e t \
		-e "s/^[^\"'\\\\\$\`[:space:]]*\$/=&/p")
	RET=${written#=}
	if is_boolean "$1"; then
		as_boolean
	fi
	[ -z "$written" ] || show "$1" "$RET"
}

# The host's names and addresses, each once.
own_names() {
	names=
	left_out=$(temporary_addresses)
	for name in $(timeout 5 hostname -f 2>/dev/null || true) $(hostname) $(hostname -I || true); do
		case " $names $left_out " in
		*" $name "*) ;;
		*) names="$names${names:+ }$name" ;;
		esac
	done
	printf '%s' "$names"
}

# The first name of this server, if DNS has a record for all names below it: a name that nobody has
# chosen is answered with the addresses of the server's own.
wildcard_domain() {
	names=$(answer server-names | tr ', ' '\n\n')
	for name in ${names:-$(timeout 5 hostname -f 2>/dev/null || true)}; do
		case $name in
		*[!0-9.]*.*) ;;
		*) continue ;;
		esac
		below=$(addresses_of "teamhub-looks.$name")
		if [ -n "$below" ] && [ "$below" = "$(addresses_of "$name")" ]; then
			printf '%s' "$name"
		fi
		return 0
	done
}

addresses_of() {
	timeout 3 getent ahosts "$1" 2>/dev/null | cut -d' ' -f1 | sort -u | tr '\n' ' ' || true
}

# IPv6 addresses that the kernel makes for privacy (flag 01) and replaces after a day, in the form in
# which programs show them (RFC 5952): the kernel's list has all 32 digits.  Only the first longest
# run of zeros becomes `::`; the jump to `shorten` has sed forget the substitutions before it.
temporary_addresses() {
	sed -nE 's/^([0-9a-f]{32})( [0-9a-f]+){3} [0-9a-f]*[13579bdf] .*/\1/p' /proc/net/if_inet6 2>/dev/null |
		sed -E -e 's/..../&:/g' -e 's/:$//' -e 's/(^|:)0{1,3}([0-9a-f])/\1\2/g' \
			-e 't shorten' -e ': shorten' \
			-e 's/(^|:)0(:0){6}(:|$)/::/;t' -e 's/(^|:)0(:0){5}(:|$)/::/;t' \
			-e 's/(^|:)0(:0){4}(:|$)/::/;t' -e 's/(^|:)0(:0){3}(:|$)/::/;t' \
			-e 's/(^|:)0(:0){2}(:|$)/::/;t' -e 's/(^|:)0:0(:|$)/::/' |
		tr '\n' ' '
}
