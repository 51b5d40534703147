"""The settings of teamhub.conf: which there are, what each may hold, and the file itself."""
