"""Whether each person's server has a name of its own (SUBDOMAIN_HOST), in words for the admin."""

from __future__ import annotations

import subprocess

#: A name below it that nobody has: only a record for all names answers for it.
PROBE = "teamhub-looks"
#: A name server that is away must not hold a command up.
SECONDS = 3.0


def describe(host: str) -> str:
    """What browsers keep apart, and what is missing for it."""
    if not host:
        return (
            "one for all people, so that a page of one can act for another; "
            "see SUBDOMAIN_HOST in /etc/teamhub/teamhub.conf"
        )
    if not addresses_of(f"{PROBE}.{host}"):
        return (
            f"one for each person below {host}, but DNS does not answer for them: "
            f"add a record *.{host} with the server's addresses"
        )
    return f"one for each person below {host}"


def addresses_of(name: str) -> frozenset[str]:
    """The addresses of a name; empty if it has none, or if nobody answers in time."""
    try:
        found = subprocess.run(
            ["getent", "ahosts", name], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return frozenset()
    return frozenset(line.split()[0] for line in found.stdout.splitlines() if line.strip())
