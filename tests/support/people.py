"""Accounts of many people, for what is measured or tried with all of them."""

from __future__ import annotations

from support.container import BootedServer

#: Of each of them; the accounts go with their server.
PASSWORD = "Shan Yu 9"
ACCOUNTS = """\
for number in $(seq 0 $(($2 - 1))); do
	useradd --create-home --shell=/bin/bash --groups=jupyterhub "$1$number"
	echo "$1$number:$3"
done | chpasswd
"""


def make_people(server: BootedServer, name: str, number: int) -> list[str]:
    """Make so many members of the team, called by a name and a number; their names."""
    server.run("sh", "-c", ACCOUNTS, "accounts", name, str(number), PASSWORD)
    return [f"{name}{each}" for each in range(number)]
