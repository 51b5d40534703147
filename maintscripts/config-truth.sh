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

# Before the first configuration is finished, a group fills in only what nobody has answered.
show_members() {
	if [ -n "$configured_version" ] || [ -z "$(answer "$1")" ]; then
		if group=$(getent group "$2"); then
			db_set "teamhub/$1" "$(printf '%s' "$group" | cut -d: -f4 | sed 's/,/, /g')"
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
	value=${written#=}
	if [ "$1" = create-accounts ]; then
		value=$(printf '%s' "$value" | sed -e 's/^yes$/true/' -e 's/^no$/false/')
	fi
	[ -z "$written" ] || db_set "teamhub/$1" "$value"
}

# The host's names and addresses, each once.
own_names() {
	names=
	for name in $(timeout 5 hostname -f 2>/dev/null || true) $(hostname) $(hostname -I || true); do
		case " $names " in
		*" $name "*) ;;
		*) names="$names${names:+ }$name" ;;
		esac
	done
	printf '%s' "$names"
}
