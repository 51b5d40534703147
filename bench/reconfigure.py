"""What the team's size costs: `dpkg-reconfigure teamhub` for 10, 100 and 1,000 people.

The peer is the loop of a recipe by hand: one `adduser` for an account and one for its group, person
by person.  Both run on the same booted server, one after the other, and both find the accounts that
were there at first: adduser takes longer the more there are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from bench.report import Row
from support.container import BootedServer

BY_HAND_IS = "adduser, one by one"
WHY = (
    "it is all of dpkg-reconfigure, whatever the number: debconf, each step of the postinst, "
    "systemd; the loop looks at one group of each account"
)
RECONFIGURE = ("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")
#: Where accounts are; with them go their homes.
ACCOUNT_FILES = "passwd shadow group gshadow subuid subgid"
KEEP_ACCOUNTS = f"mkdir /root/accounts; cd /etc; cp --archive {ACCOUNT_FILES} /root/accounts"
ACCOUNTS_AS_KEPT = "cp --archive /root/accounts/* /etc; rm -rf /home/person*"
BY_HAND = """\
for name in $(cat); do
	adduser --quiet --disabled-password --gecos "" "$name"
	adduser --quiet "$name" jupyterhub
done
"""


def measure(server: BootedServer, sizes: Iterable[int], rounds: int) -> list[Row]:
    """Seconds of ours and of the loop by hand, for new people and for people who are there."""
    rows = []
    server.run("sh", "-ec", KEEP_ACCOUNTS)
    for size in sizes:
        people = [f"person{number}" for number in range(size)]
        new, known = [], []
        for _ in range(rounds):
            created = let_in(server, people)
            known.append((seconds(server, *RECONFIGURE), groups_by_hand(server, people)))
            server.run("sh", "-ec", ACCOUNTS_AS_KEPT)
            new.append((created, by_hand(server, people)))
            server.run("sh", "-ec", ACCOUNTS_AS_KEPT)
        rows.append(Row(f"{size} new people", BY_HAND_IS, new))
        rows.append(Row(f"{size} people, nothing new", BY_HAND_IS, known, why=WHY))
    return rows


def let_in(server: BootedServer, names: list[str]) -> float:
    """Create and let in exactly these people: the step that a reconfiguration runs."""
    return seconds(server, "teamhub", "setup", "people", f"--users={' '.join(names)}")


def by_hand(server: BootedServer, names: list[str]) -> float:
    """The loop of a recipe: accounts and their group, one by one."""
    return seconds(server, "sh", "-c", BY_HAND, given=" ".join(names))


def groups_by_hand(server: BootedServer, names: list[str]) -> float:
    """The loop again, over accounts that exist: their group alone."""
    loop = 'for name in $(cat); do adduser --quiet "$name" jupyterhub; done'
    return seconds(server, "sh", "-c", loop, given=" ".join(names))


def seconds(server: BootedServer, *command: str, given: str = "") -> float:
    """How long a command takes that succeeds."""
    start = time.monotonic()
    server.run(*command, given=given, seconds=3600)
    return time.monotonic() - start
