"""Who may use the hub and who administers it: what the system's groups say at this moment."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass

from teamhub_shared.accounts import ADMINS_GROUP, USERS_GROUP, is_name


@dataclass(frozen=True)
class Standing:
    """What one name may do now."""

    member: bool
    admin: bool


def standing(name: str) -> Standing:
    """Ask the groups, also those of a directory service; an admin is one only as a member."""
    if not is_name(name):
        return Standing(member=False, admin=False)
    try:
        groups = os.getgrouplist(name, pwd.getpwnam(name).pw_gid)
    except KeyError:
        return Standing(member=False, admin=False)
    member = group_id(USERS_GROUP) in groups
    return Standing(member=member, admin=member and group_id(ADMINS_GROUP) in groups)


def group_id(name: str) -> int | None:
    """The number of a group, or nothing when there is no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
