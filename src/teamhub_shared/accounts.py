"""Which accounts are people's: the names and numbers that Python, sh and sudo hold to alike."""

from __future__ import annotations

import re

#: Members may log in, and administer.
USERS_GROUP = "jupyterhub"
ADMINS_GROUP = "jupyterhub-admin"

#: Runs the hub.
SERVICE_ACCOUNT = "rhea"

#: Runs what packages bring while they are installed and tried.  It has no rights, and nobody else
#: runs as it.
PACKAGES_ACCOUNT = "teamhub-build"

#: A POSIX extended regular expression that Python's `re` reads alike.  Debian's adduser accepts
#: these names (NAME_REGEX in adduser.conf(5)), and useradd 32 letters.  The sudoers file has it
#: too.
NAME = "[a-z][-a-z0-9_]{0,31}"

#: Below this uid an account belongs to the system (Debian Policy 9.2.2).
FIRST_PERSON_UID = 1000

#: The uids of people, each range with its last: those of the server's own accounts, and those from
#: 65536 on, which directory services give.  Between them are packages' and systemd's, and `nobody`
#: (Debian Policy 9.2.2); the last two of all mean "nobody" and "no uid".
PERSON_UIDS = ((FIRST_PERSON_UID, 59999), (65536, 2**32 - 3))


def is_persons(uid: int) -> bool:
    """Whether an account with this uid can be a person's."""
    return any(first <= uid <= last for first, last in PERSON_UIDS)


def is_services(uid: int, gid: int) -> bool:
    """Whether an account with these numbers can be one of ours: neither root nor a person's."""
    return 0 < uid < FIRST_PERSON_UID and gid != 0


def is_name(name: str) -> bool:
    """Whether an account that is given access can have the name."""
    return re.fullmatch(NAME, name) is not None
