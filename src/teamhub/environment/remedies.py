"""What to type next after a failure, where that depends on who called."""

from __future__ import annotations

import os


def again() -> str:
    """The command that goes on where this one failed.

    dpkg says in the environment that it is it who runs a maintainer script.
    """
    if os.environ.get("DPKG_MAINTSCRIPT_PACKAGE"):
        return "dpkg --configure teamhub"
    return "teamhub env apply"
