"""Whether a disk has the room that a step takes: asked before the step begins.

A disk that fills up in the middle of a step is an error of that step all the same.
"""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError

MB = 1_000_000
#: What settings, certificates and accounts take, and what the hub's database takes to grow and to
#: be copied, in bytes.
SMALL_NEEDS = {Path("/etc/teamhub"): MB, Path("/var/lib/teamhub"): 10 * MB}
#: What the checks of the hub and of an environment write to the folder of temporary files.
CHECKS = 10 * MB


class NoRoom(TeamhubError):
    """The disk of a folder has less room than is needed."""


def require(folder: Path, needed: int, retry: str | None = None) -> None:
    """Raise NoRoom unless the disk of `folder`, which need not exist yet, has `needed` bytes.

    `retry` is the command to type afterwards.
    """
    free = free_bytes(folder)
    if free is not None and free < needed:
        raise NoRoom(
            f"{folder} needs {math.ceil(needed / MB)} MB on its disk, {free // MB} MB are free",
            f"make room there (df -h {existing(folder)}), then: {retry or retry_command()}",
        )


def require_small_needs() -> None:
    """Raise NoRoom for a disk on which the settings, the database or a check would not fit.

    Python takes /var/tmp for temporary files where /tmp is full.
    """
    for folder, needed in (SMALL_NEEDS | {Path(tempfile.gettempdir()): CHECKS}).items():
        require(folder, needed)


def free_bytes(folder: Path) -> int | None:
    """What all accounts may still fill of the disk of a folder; None if it does not say.

    Some file systems say that they have no blocks at all (statfs(2): undefined fields are 0).
    """
    found = os.statvfs(existing(folder))
    return found.f_bavail * found.f_frsize if found.f_blocks else None


def existing(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    return next(path for path in (folder, *folder.parents) if path.exists())
