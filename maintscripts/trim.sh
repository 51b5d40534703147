NEWLINE='
'

# Takes the spaces around RET away, which a preseed may have brought along, and line breaks at its
# end, which sh loses on the way through a command.
trim() {
	while true; do
		case $RET in
		' '*) RET=${RET# } ;;
		*' ' | *"$NEWLINE") RET=${RET%?} ;;
		*) return 0 ;;
		esac
	done
}
