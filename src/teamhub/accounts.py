"""Who may use the hub: the members of two Unix groups, and nothing else.

Members of `jupyterhub` may log in and members of `jupyterhub-admin` administer; sudoers and
JupyterHub both ask the group.  There is no second list.  Here is who may be in the groups and who
is; `teamhub.people` changes it.
"""

from __future__ import annotations

import grp
import pwd
import re
from collections.abc import Iterable
from dataclasses import dataclass

from teamhub_shared import TeamhubError

USERS_GROUP = "jupyterhub"
ADMINS_GROUP = "jupyterhub-admin"
SERVICE_ACCOUNT = "rhea"

#: Debian's adduser accepts these names (NAME_REGEX in adduser.conf(5)), and useradd 32 letters.
NAME = re.compile(r"[a-z][-a-z0-9_]{0,31}")

#: Below this uid an account belongs to the system (Debian Policy 9.2.2).
FIRST_PERSON_UID = 1000

#: uid of `nobody` and what lies above it are no people either (Debian Policy 9.2.2).
LAST_PERSON_UID = 59999

#: Members of these groups can become root by themselves.
ROOT_EQUIVALENT_GROUPS = ("sudo", "docker", "lxd", "incus-admin", "disk", "adm", "shadow", "root")


class BadName(TeamhubError):
    """A name in a list of people cannot be given access."""


@dataclass(frozen=True)
class Membership:
    """Who is to be in the hub's groups; admins are users too."""

    users: tuple[str, ...]
    admins: tuple[str, ...]


def parse_names(text: str) -> tuple[str, ...]:
    """The names in `text`, separated by commas or white space, sorted, each once.

    Raises BadName for a name that no account of a person can have.
    """
    names = sorted({name for name in re.split(r"[,\s]+", text) if name})
    for name in names:
        check_name(name)
    return tuple(names)


def check_name(name: str) -> None:
    """Raise BadName unless `name` may be given access, as an account that is there or a new one."""
    remedy = "take it off the list, or name a person's own account"
    if not NAME.fullmatch(name):
        raise BadName(
            f"{name!r} is not a name for an account",
            "use up to 32 lower-case letters, digits, - and _, starting with a letter",
        )
    if name == SERVICE_ACCOUNT:
        raise BadName(f"{name!r} is the account that runs the hub, not a person", remedy)
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return
    if not FIRST_PERSON_UID <= account.pw_uid <= LAST_PERSON_UID:
        raise BadName(f"{name!r} is a system account (uid {account.pw_uid})", remedy)


def check_service_account() -> None:
    """Raise BadName when the service account is root or a person's: the hub must not be either."""
    account = pwd.getpwnam(SERVICE_ACCOUNT)
    if not 0 < account.pw_uid < FIRST_PERSON_UID or account.pw_gid == 0:
        raise BadName(
            f"the account {SERVICE_ACCOUNT} (uid {account.pw_uid}) is not a system account, "
            "and teamhub needs that name for the hub",
            f"rename or remove it (deluser {SERVICE_ACCOUNT}), then: dpkg --configure teamhub",
        )


def read_membership(users: str, admins: str) -> Membership:
    """The membership that two lists of names ask for.  Raises BadName."""
    wanted_admins = parse_names(admins)
    return Membership(
        users=tuple(sorted({*parse_names(users), *wanted_admins})), admins=wanted_admins
    )


def current_membership() -> Membership:
    """The membership that the system has now."""
    return Membership(users=members(USERS_GROUP), admins=members(ADMINS_GROUP))


def members(group: str) -> tuple[str, ...]:
    """The members of a Unix group as the system has them now, sorted; empty for no such group."""
    found = find_group(group)
    return tuple(sorted(found.gr_mem)) if found else ()


def root_equivalent(names: Iterable[str]) -> dict[str, str]:
    """Those of `names` who can become root by themselves, each with the group that lets them.

    They are worth a warning: the hub's account can act as any of its users.
    """
    groups = [group for group in map(find_group, ROOT_EQUIVALENT_GROUPS) if group]
    found = {}
    for name in names:
        own = own_group(name)
        for group in groups:
            if name in group.gr_mem or own == group.gr_gid:
                found[name] = group.gr_name
    return found


def find_group(name: str) -> grp.struct_group | None:
    """A Unix group, or nothing when there is no such group."""
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def own_group(name: str) -> int | None:
    """The number of an account's own group, which does not list it; nothing without an account."""
    try:
        return pwd.getpwnam(name).pw_gid
    except KeyError:
        return None
