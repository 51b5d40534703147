"""Which accounts are people's: the names and numbers that Python, sh and sudo hold to alike."""

from __future__ import annotations

import re

#: Members may log in, and administer.
USERS_GROUP = "jupyterhub"
ADMINS_GROUP = "jupyterhub-admin"

#: Runs the hub.
SERVICE_ACCOUNT = "rhea"

#: A POSIX extended regular expression that Python's `re` reads alike.  Debian's adduser accepts
#: these names (NAME_REGEX in adduser.conf(5)), and useradd 32 letters.  The sudoers file has it
#: too.
NAME = "[a-z][-a-z0-9_]{0,31}"

#: Below this uid an account belongs to the system (Debian Policy 9.2.2).
FIRST_PERSON_UID = 1000

#: uid of `nobody` and what lies above it are no people either (Debian Policy 9.2.2).
LAST_PERSON_UID = 59999


def is_name(name: str) -> bool:
    """Whether an account that is given access can have the name."""
    return re.fullmatch(NAME, name) is not None
