"""What to type next after a failure of the environment's commands."""

from __future__ import annotations

from teamhub import remedies


def again() -> str:
    """The command that goes on where this one failed."""
    return remedies.again("teamhub env apply")
