"""teamhub on the server: what the `teamhub` command and the maintainer scripts run."""
