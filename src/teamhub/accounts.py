"""Who may use the hub: the members of two Unix groups, and nothing else.

Members of `jupyterhub` may log in and members of `jupyterhub-admin` administer; sudoers and
JupyterHub both ask the group.  There is no second list.
"""

from __future__ import annotations

import grp
import pwd
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teamhub import servers
from teamhub.system import run
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
ROOT_EQUIVALENT_GROUPS = ("sudo", "docker", "lxd", "disk", "adm", "shadow")


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


def members(group: str) -> tuple[str, ...]:
    """The members of a Unix group as the system has them now, sorted; empty for no such group."""
    try:
        return tuple(sorted(grp.getgrnam(group).gr_mem))
    except KeyError:
        return ()


def create_accounts(names: Iterable[str]) -> list[str]:
    """Create the accounts that do not exist yet, without a password, and return their names.

    adduser, not useradd: it honours the server's own adduser.conf, and gives a home that others
    cannot read.
    """
    existing = {account.pw_name for account in pwd.getpwall()}
    created = [name for name in names if name not in existing]
    for name in created:
        run(
            ["adduser", "--quiet", "--disabled-password", "--gecos", "", name],
            remedy=f"create the account by hand (adduser {name}), then: dpkg --configure teamhub",
        )
    return created


def apply_membership(membership: Membership) -> None:
    """Make the two groups hold exactly `membership`; the accounts must exist.

    A person who leaves loses her running server first: JupyterHub no longer finds a server to
    stop once its owner may not use the hub.
    """
    for name in set(members(USERS_GROUP)) - set(membership.users):
        servers.stop(name)
    set_members(USERS_GROUP, membership.users)
    set_members(ADMINS_GROUP, membership.admins)


def set_members(group: str, names: Sequence[str]) -> None:
    """Set a group's whole list of members in one step, whatever their number."""
    if members(group) != tuple(sorted(names)):
        run(
            ["gpasswd", "--members", ",".join(names), group],
            remedy="look whether /etc/group is writable and not locked (/etc/group.lock)",
        )


def root_equivalent(names: Iterable[str]) -> dict[str, str]:
    """Those of `names` who can become root by themselves, each with the group that lets them.

    They are worth a warning: the hub's account can act as any of its users.
    """
    found = {}
    for group in ROOT_EQUIVALENT_GROUPS:
        for name in set(members(group)) & set(names):
            found[name] = group
    return found
