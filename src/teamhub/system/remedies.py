"""What to type next, where that depends on who called."""

from __future__ import annotations

import os


def in_maintainer_script() -> bool:
    """Whether a maintainer script of ours called, with what debconf has for answers."""
    return os.environ.get("DPKG_MAINTSCRIPT_PACKAGE") == "teamhub"


def retry_command(by_hand: str = "teamhub apply") -> str:
    """The command that does all of this once more, after its reader has fixed something.

    `by_hand` is the one for an admin who called none of Debian's.
    dpkg and dpkg-reconfigure say in the environment that it is they who run a maintainer script.
    """
    if not in_maintainer_script():
        return by_hand
    if "DEBCONF_RECONFIGURE" in os.environ:
        return "dpkg-reconfigure teamhub"
    return "dpkg --configure teamhub"


def retry_env_command() -> str:
    """The command that goes on where one that changes the environment has failed."""
    return retry_command("teamhub env apply")
