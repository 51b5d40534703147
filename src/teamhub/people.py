"""Letting people in and taking them off: their accounts, and the hub's two groups.

Accounts and homes are never deleted.
"""

from __future__ import annotations

import pwd
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from teamhub import servers, settings
from teamhub.accounts import (
    ADMINS_GROUP,
    USERS_GROUP,
    BadName,
    Membership,
    current_membership,
    members,
)
from teamhub.system import run

GROUP_REMEDY = "look whether /etc/group is writable and not locked (/etc/group.lock)"


def check_accounts(names: Iterable[str], *, may_create: bool) -> None:
    """Raise BadName for the first of `names` that has no account, unless it may be created."""
    lacking = () if may_create else missing(names)
    if lacking:
        raise BadName(
            f"{lacking[0]!r} has no account, and teamhub is told to create none",
            f"create it (adduser {lacking[0]}) or set CREATE_ACCOUNTS=yes in {settings.PATH}, "
            "and do this again",
        )


def missing(names: Iterable[str]) -> list[str]:
    """Those of `names` without an account; asked one by one, since directories list nobody.

    Whoever is in the group already had one: her directory service is away, and a local account of
    her name would be in its way.
    """
    known = set(members(USERS_GROUP))
    return [name for name in names if name not in known and not has_account(name)]


def has_account(name: str) -> bool:
    """Whether the system knows an account, its own or a directory service's."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def create_accounts(names: Iterable[str], tell: Callable[[str], None]) -> None:
    """Create the accounts that do not exist yet, without a password; `tell` gets each new name.

    adduser, not useradd: it honours the server's own adduser.conf and adduser.local, and gives a
    home that others cannot read.  It takes a tenth of a second for each of the first hundred.
    Raises BadName where CREATE_ACCOUNTS says no, before anything is created.
    """
    new = missing(names)
    if new:
        check_accounts(new, may_create=settings.read()["CREATE_ACCOUNTS"] == "yes")
    for name in new:
        run(
            ["adduser", "--quiet", "--disabled-password", "--gecos", "", name],
            remedy=f"create the account by hand (adduser {name}) and do this again",
        )
        tell(name)


def apply_membership(wanted: Membership) -> None:
    """Make the two groups hold exactly `wanted`; the accounts must exist."""
    with stopping(set(members(USERS_GROUP)).difference(wanted.users)):
        set_members(USERS_GROUP, wanted.users)
        set_members(ADMINS_GROUP, wanted.admins)


def let_in(names: Iterable[str], *, as_admins: bool = False) -> None:
    """Add people to the users, and to the admins where asked; their accounts must exist.

    One by one: gpasswd refuses a whole list over one member whose account is gone by now.
    """
    wanted = tuple(names)
    for group in (USERS_GROUP, ADMINS_GROUP) if as_admins else (USERS_GROUP,):
        for name in sorted(set(wanted).difference(members(group))):
            run(["gpasswd", "--add", name, group], remedy=GROUP_REMEDY)


def take_off(names: Iterable[str]) -> None:
    """Take people off both groups and stop their servers.

    Raises BadName, and changes nothing, when one of them is in neither.
    """
    leaving = check_on_list(names)
    with stopping(leaving):
        for group in (ADMINS_GROUP, USERS_GROUP):
            for name in sorted(set(leaving).intersection(members(group))):
                run(["gpasswd", "--delete", name, group], remedy=GROUP_REMEDY)


def check_on_list(names: Iterable[str]) -> tuple[str, ...]:
    """`names`; raises BadName for those of them who are in neither group."""
    wanted = tuple(names)
    now = current_membership()
    strangers = sorted(set(wanted).difference(now.users, now.admins))
    if strangers:
        raise BadName(
            f"not on the list of users: {', '.join(strangers)}",
            "look at the list with: teamhub user list",
        )
    return wanted


@contextmanager
def stopping(leaving: Collection[str]) -> Iterator[None]:
    """Stop the servers of people who leave, before and after their membership goes.

    Before: JupyterHub finds no server to stop once its owner may not use the hub.  After: for what
    they started meanwhile.
    """
    if leaving:
        servers.stop(leaving)
    yield
    if leaving:
        servers.stop(leaving)


def set_members(group: str, names: Collection[str]) -> None:
    """Set a group's whole list of members in one step, whatever their number."""
    if members(group) != tuple(sorted(names)):
        run(["gpasswd", "--members", ",".join(names), group], remedy=GROUP_REMEDY)
