# Takes the spaces around RET away, which a preseed may have brought along.
trim() {
	while [ "${RET# }" != "$RET" ]; do
		RET=${RET# }
	done
	while [ "${RET% }" != "$RET" ]; do
		RET=${RET% }
	done
}
