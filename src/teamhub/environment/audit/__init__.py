"""Which installed packages the advisories of a file name, in OSV's form; without a network."""
