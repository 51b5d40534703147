"""Which generation became current, when, and why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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
    """Every move so far, the first one first."""
    if not path.exists():
        return []
    return [Switch(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, switches: Iterable[Switch]) -> None:
    """Write all moves; a reader sees the old file or the whole new one."""
    text = "".join(json.dumps(dataclasses.asdict(switch)) + "\n" for switch in switches)
    write_file(path, text.encode(), mode=0o644)
