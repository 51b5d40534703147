"""Which generation became current, when, and why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from teamhub.environment.store.damaged import check_fields, damaged
from teamhub.system.run import write_file


@dataclass(frozen=True)
class Switch:
    """One move of `current`."""

    #: The generation's number, which people name it by, and its folder's name.
    number: int
    generation: str
    #: In UTC, to the second.
    time: str
    #: install, upgrade, apply or rollback.
    reason: str
    #: The id of the lock that the package carried then.
    shipped: str


def now() -> str:
    """The time of day in UTC, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(path: Path) -> list[Switch]:
    """Every move so far, the first one first.

    Raises DamagedStore if the file has anything else in it.
    """
    switches, fault = parse(path)
    if fault:
        raise damaged(path, fault)
    return switches


def parse(path: Path) -> tuple[list[Switch], str]:
    """The moves that can be read, and what is wrong with the file; empty if nothing is."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], error.strerror or str(error)
    switches, fault = [], "" if lines else "it is empty"
    for number, line in enumerate(lines, start=1):
        try:
            switch = Switch(**json.loads(line))
            check_fields(switch)
        except (ValueError, TypeError, RecursionError):
            fault = fault or f"line {number} is no move of `current`"
        else:
            switches.append(switch)
    return switches, fault


def write(path: Path, switches: Iterable[Switch]) -> None:
    """Write all moves; a reader sees the old file or the whole new one."""
    text = "".join(json.dumps(dataclasses.asdict(switch)) + "\n" for switch in switches)
    write_file(path, text.encode(), mode=0o644)
