"""People's Unix accounts: which may be given access, and creating what is missing.

Accounts and homes are never deleted.
"""

from __future__ import annotations

import grp
import pwd
import re
from collections.abc import Callable, Iterable

from teamhub.settings import conf
from teamhub.system.remedies import retry_command
from teamhub.system.run import run
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import (
    ADMINS_GROUP,
    PACKAGES_ACCOUNT,
    SERVICE_ACCOUNT,
    USERS_GROUP,
    is_name,
    is_persons,
    is_services,
)


class BadName(TeamhubError):
    """A name in a list of people cannot be given access."""


class LostAccount(TeamhubError):
    """The hub's account or one of the two groups is missing."""


def parse_names(text: str) -> tuple[str, ...]:
    """The names in `text`, separated by commas or white space, sorted, each once.

    Raises BadName for a name that no account of a person can have.
    """
    names = sorted({name for name in re.split(r"[,\s]+", text, flags=re.ASCII) if name})
    for name in names:
        check_name(name)
    return tuple(names)


def check_name(name: str) -> None:
    """Raise BadName unless `name` may be given access, as an account that is there or a new one."""
    remedy = "take it off the list, or name a person's own account"
    if not is_name(name):
        raise BadName(f"{name!r} is not a name for an account", rename_remedy(name))
    if name == SERVICE_ACCOUNT:
        raise BadName(f"{name!r} is the account that runs the hub, not a person", remedy)
    if name == PACKAGES_ACCOUNT:
        raise BadName(f"{name!r} is the account that runs what packages bring", remedy)
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return
    if not is_persons(account.pw_uid):
        raise BadName(f"{name!r} is a system account (uid {account.pw_uid})", remedy)


def rename_remedy(name: str) -> str:
    """What to do about a name that cannot be given access, such as amy.lin."""
    form = "use up to 32 lower-case letters, digits, - and _, starting with a letter"
    allowed = re.sub("[^-a-z0-9_]", "-", name.lower())
    if re.fullmatch("[A-Za-z0-9._-]+", name) and has_account(name) and is_name(allowed):
        return f"{form}; to rename the account: usermod --login {allowed} {name}"
    return form


def service_account() -> pwd.struct_passwd:
    """The account that runs the hub.  Raises LostAccount if there is none."""
    try:
        return pwd.getpwnam(SERVICE_ACCOUNT)
    except KeyError as error:
        raise LostAccount(
            f"the account {SERVICE_ACCOUNT}, which runs the hub, is missing",
            f"make it again: {retry_command()}",
        ) from error


def check_groups() -> None:
    """Raise LostAccount if one of the two groups is missing."""
    for group in (USERS_GROUP, ADMINS_GROUP):
        if find_group(group) is None:
            raise LostAccount(f"the group {group} is missing", f"make it again: {retry_command()}")


def check_service_account() -> None:
    """Raise BadName when the service account is root or a person's: the hub must not be either."""
    account = service_account()
    if not is_services(account.pw_uid, account.pw_gid):
        raise BadName(
            f"the account {SERVICE_ACCOUNT} (uid {account.pw_uid}) is not a system account, "
            "and teamhub needs that name for the hub",
            f"rename or remove it (deluser {SERVICE_ACCOUNT}), then: dpkg --configure teamhub",
        )


def members(group: str) -> tuple[str, ...]:
    """The members of a Unix group as the system has them now, sorted; empty for no such group."""
    found = find_group(group)
    return tuple(sorted(found.gr_mem)) if found else ()


def find_group(name: str) -> grp.struct_group | None:
    """A Unix group, or nothing when there is no such group."""
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def check_accounts(names: Iterable[str], *, may_create: bool) -> None:
    """Raise BadName for the first of `names` that has no account, unless it may be created."""
    lacking = () if may_create else missing(names)
    if lacking:
        raise BadName(
            f"{lacking[0]!r} has no account, and CREATE_ACCOUNTS=no says to create none",
            f"create it (adduser {lacking[0]}) or set CREATE_ACCOUNTS=yes in {conf.PATH}, "
            "and do this again",
        )


def missing(names: Iterable[str]) -> list[str]:
    """Those of `names` without an account; asked one by one, since directories list nobody.

    Anyone who is in the group already had one: their directory service is away, and a local account
    of that name would be in its way.
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
        check_accounts(new, may_create=conf.read()["CREATE_ACCOUNTS"] == "yes")
    for name in new:
        run(
            ["adduser", "--quiet", "--disabled-password", "--gecos", "", name],
            remedy=f"create the account by hand (adduser {name}) and do this again",
        )
        tell(name)
