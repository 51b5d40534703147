"""What is said of a file of the store that cannot be used as it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.system.remedies import in_maintainer_script, retry_command
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

REPAIR = "teamhub env repair"


class DamagedStore(TeamhubError):
    """A file that the generations are known by is lost, or has something else in it."""


def damaged(path: Path, problem: str) -> DamagedStore:
    """The error for such a file."""
    return DamagedStore(f"{path} is damaged: {problem}", repair_remedy())


def check_fields(record: DataclassInstance) -> None:
    """Raise TypeError unless every number and every text in a record is one.

    Records are read from JSON, which may have anything in their place.
    """
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        # the annotations are text here
        words = value if field.type == "tuple[str, ...]" else [value] if field.type == "str" else ()
        if not all(isinstance(word, str) for word in words):
            raise TypeError(f"{field.name} is no text")
        if field.type == "int" and type(value) is not int:
            raise TypeError(f"{field.name} is no number")


def repair_remedy() -> str:
    """What to type about damage; from a maintainer script, that is to run once more, too."""
    return f"type: {REPAIR}" + (f", then: {retry_command()}" if in_maintainer_script() else "")
