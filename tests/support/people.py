"""Accounts of many people, for what is measured or tried with all of them; a person's socket."""

from __future__ import annotations

from support.container import BootedServer
from teamhub_shared import sockets

#: Of each of them; the accounts go with their server.
PASSWORD = "Shan Yu 9"
ACCOUNTS = """\
for number in $(seq 0 $(($2 - 1))); do
	useradd --create-home --shell=/bin/bash --groups=jupyterhub "$1$number"
	echo "$1$number:$3"
done | chpasswd
"""


def socket_of(server: BootedServer, user: str) -> str:
    """Where a person's server listens."""
    return str(sockets.of_server(int(server.output("id", "--user", user))))


def make_people(server: BootedServer, name: str, number: int) -> list[str]:
    """Make so many members of the team, called by a name and a number; their names."""
    server.run("sh", "-c", ACCOUNTS, "accounts", name, str(number), PASSWORD)
    return [f"{name}{each}" for each in range(number)]
