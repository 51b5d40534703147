"""Who may use the hub: the members of two Unix groups, and nothing else.

Members of `jupyterhub` may log in and members of `jupyterhub-admin` administer; sudoers and
JupyterHub both ask the group.  There is no second list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass

from teamhub.people import servers
from teamhub.people.accounts import BadName, check_groups, has_account, members, parse_names
from teamhub.system.run import run
from teamhub_shared.accounts import ADMINS_GROUP, USERS_GROUP

GROUP_REMEDY = "look whether /etc/group is writable and not locked (/etc/group.lock)"


@dataclass(frozen=True)
class Membership:
    """Who is to be in the hub's groups; admins are users too."""

    users: tuple[str, ...]
    admins: tuple[str, ...]


def read_membership(users: str, admins: str) -> Membership:
    """The membership that two lists of names ask for.  Raises BadName."""
    wanted_admins = parse_names(admins)
    return Membership(
        users=tuple(sorted({*parse_names(users), *wanted_admins})), admins=wanted_admins
    )


def current_membership() -> Membership:
    """The membership that the system has now."""
    return Membership(users=members(USERS_GROUP), admins=members(ADMINS_GROUP))


def apply_membership(wanted: Membership) -> None:
    """Make the two groups hold exactly `wanted`; the accounts must exist."""
    with stopping(set(members(USERS_GROUP)).difference(wanted.users)):
        set_members(USERS_GROUP, wanted.users)
        set_members(ADMINS_GROUP, wanted.admins)


def let_in(names: Iterable[str], *, as_admins: bool = False) -> None:
    """Add people to the users, and to the admins where asked; their accounts must exist."""
    check_groups()
    wanted = set(names)
    for group in (USERS_GROUP, ADMINS_GROUP) if as_admins else (USERS_GROUP,):
        now = set(members(group))
        run_all(single_changes(group, now, now | wanted))


def take_off(names: Iterable[str]) -> None:
    """Take people off both groups and stop their servers.

    Raises BadName, and changes nothing, when one of them is in neither.
    """
    leaving = set(check_on_list(names))
    with stopping(leaving):
        for group in (ADMINS_GROUP, USERS_GROUP):
            now = set(members(group))
            run_all(single_changes(group, now, now - leaving))


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


def set_members(group: str, names: Iterable[str]) -> None:
    """Make a group hold exactly `names`; those who are new to it must have an account.

    A member whose account is missing now (its directory service does not answer) can stay.
    """
    run_all(changes(group, set(members(group)), set(names)))


def changes(group: str, now: AbstractSet[str], wanted: AbstractSet[str]) -> list[list[str]]:
    """The commands that bring a group from the members `now` to those `wanted`.

    One command for any number of people, 0.2 s for 1,000, unless somebody stays whose account is
    missing: gpasswd refuses a list that names such a person.  Then there is one command for each
    person who joins or leaves, 15 ms each.  groupmod --append would add them all at once, but on
    Debian 12 leaves /etc/gshadow as it was.
    """
    if now == wanted:
        return []
    if all(map(has_account, sorted(now & wanted))):
        return [["gpasswd", "--members", ",".join(sorted(wanted)), group]]
    return single_changes(group, now, wanted)


def single_changes(group: str, now: AbstractSet[str], wanted: AbstractSet[str]) -> list[list[str]]:
    """The commands that add and delete each person who differs.

    gpasswd deletes members whose account is missing, too.
    """
    return [
        *(["gpasswd", "--add", name, group] for name in sorted(wanted - now)),
        *(["gpasswd", "--delete", name, group] for name in sorted(now - wanted)),
    ]


def run_all(commands: Iterable[list[str]]) -> None:
    """Run commands that change groups, one after another.  Raises CommandFailed."""
    for command in commands:
        run(command, remedy=GROUP_REMEDY)
