"""What is said of a file of the store that cannot be used as it is."""

from __future__ import annotations

from pathlib import Path

from teamhub.system.remedies import in_maintainer_script, retry_command
from teamhub_shared import TeamhubError

REPAIR = "teamhub env repair"


class DamagedStore(TeamhubError):
    """A file that the generations are known by is lost, or has something else in it."""


def damaged(path: Path, problem: str) -> DamagedStore:
    """The error for such a file."""
    return DamagedStore(f"{path} is damaged: {problem}", repair_remedy())


def repair_remedy() -> str:
    """What to type about damage; from a maintainer script, that is to run once more, too."""
    return f"type: {REPAIR}" + (f", then: {retry_command()}" if in_maintainer_script() else "")
