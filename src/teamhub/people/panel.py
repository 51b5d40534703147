"""The hub's one helper with root's rights: what the admin panel does to the list of users.

The hub calls it through sudo, so none of its input is trusted: sudoers pins the form of its
arguments, and they are checked here again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from teamhub.people import accounts, membership, root_rights
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import ADMINS_GROUP, USERS_GROUP


class PanelError(TeamhubError):
    """The admin panel asked for something that it must not do."""


def main(arguments: Sequence[str]) -> int:
    """Do `add NAME` or `remove NAME`, and return the exit status; errors go to stderr."""
    # The hub's own umask would be the mode of a new home.
    os.umask(0o022)
    try:
        action, name = check(arguments)
        action(name)
    except TeamhubError as error:
        print(f"{error.problem}; {error.remedy}", file=sys.stderr)
        return 1
    return 0


def check(arguments: Sequence[str]) -> tuple[Callable[[str], None], str]:
    """The action and the name that the command line asks for.

    Raises PanelError for a command line of another form, BadName for a name.
    """
    if len(arguments) != 2 or arguments[0] not in ACTIONS:
        raise PanelError(
            f"the admin panel cannot do {' '.join(arguments)!r}", "use: panel add|remove NAME"
        )
    accounts.check_name(arguments[1])
    return ACTIONS[arguments[0]], arguments[1]


def add(name: str) -> None:
    """Let a person in, with a new account if there is none.

    Raises PanelError for somebody who can become root: anyone who broke into the hub could, too.
    """
    why = root_rights.reason(name)
    if why:
        raise PanelError(
            f"{name} {why} and could become root",
            f"on the server, type: teamhub user add {name}",
        )
    accounts.create_accounts([name], tell=lambda _: None)
    membership.let_in([name])


def remove(name: str) -> None:
    """Take a person off, an admin too; nothing to do for somebody who is not on the list."""
    if name in {*accounts.members(USERS_GROUP), *accounts.members(ADMINS_GROUP)}:
        membership.take_off([name])


ACTIONS: dict[str, Callable[[str], None]] = {"add": add, "remove": remove}
