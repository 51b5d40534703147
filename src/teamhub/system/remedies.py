"""What to type next, if that depends on the caller."""

from __future__ import annotations

import os


def in_maintainer_script() -> bool:
    """Whether a maintainer script of ours called, with debconf's answers."""
    return os.environ.get("DPKG_MAINTSCRIPT_PACKAGE") == "teamhub"


def retry_command(by_hand: str = "teamhub apply") -> str:
    """The command that does all of this once more, after its reader has fixed something.

    `by_hand` is the command for an admin who used none of Debian's.
    The environment has variables by dpkg and dpkg-reconfigure while they run a maintainer script.
    """
    if not in_maintainer_script():
        return by_hand
    if "DEBCONF_RECONFIGURE" in os.environ:
        return "dpkg-reconfigure teamhub"
    return "dpkg --configure teamhub"


def retry_env_command() -> str:
    """The command to type after one that changes the environment has failed."""
    return retry_command("teamhub env apply")
