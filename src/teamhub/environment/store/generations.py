"""Generations: /opt/teamhub/generations/ID/{hub,user}, and the link to the current one.

A generation is built next to the others, checked, synced and marked complete; only then does
`current` move to it, by one rename.  A build that is killed leaves a generation without its mark,
which the next command removes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from teamhub.environment.store import manifest
from teamhub.environment.store.damaged import DamagedStore
from teamhub.environment.store.layout import SERVER, Layout
from teamhub.environment.store.manifest import Manifest
from teamhub.system import sandbox
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

CURRENT = SERVER.current
COMPLETE = ".complete"


class CannotWrite(TeamhubError):
    """A generation could not be written to the disk."""


@dataclass(frozen=True)
class Generation:
    """A complete generation: its folder, and what it was made of."""

    path: Path
    made: Manifest

    @property
    def number(self) -> int:
        """The number that people name it by."""
        return self.made.number

    @property
    def user(self) -> Path:
        """The prefix of the environment that people compute with."""
        return self.path / "user"


def read(path: Path) -> Generation:
    """The complete generation in a folder."""
    return Generation(path, manifest.read(path))


def is_complete(path: Path) -> bool:
    """Whether the generation in a folder was built to its end."""
    return (path / COMPLETE).is_file()


def current(layout: Layout = SERVER) -> Path | None:
    """The folder that `current` points at, complete or not; None before the first generation.

    Its path starts as those of the others do, also if /opt is a link itself.
    """
    return layout.root / layout.current.readlink() if layout.current.is_symlink() else None


def complete(layout: Layout) -> tuple[Generation, ...]:
    """Every complete generation, the oldest first.

    Raises DamagedStore if it is not known what one was made of.
    """
    found = []
    for path in filter(is_complete, folders(layout)):
        try:
            found.append(read(path))
        except DamagedStore:
            # A command that only looks does not wait for one that removes generations.
            if is_complete(path):
                raise
    return tuple(sorted(found, key=lambda generation: generation.number))


def folders(layout: Layout) -> list[Path]:
    """Everything in the folder of the generations."""
    return list(layout.generations.iterdir()) if layout.generations.is_dir() else []


def remove_unfinished(layout: Layout) -> None:
    """Remove what killed builds left."""
    left = [path for path in folders(layout) if not is_complete(path)]
    if left:
        sandbox.stop_left_behind()
    for path in left:
        remove(path)


def remove(path: Path) -> None:
    """Remove a generation; from the first moment on it counts as unfinished."""
    if path.is_dir() and not path.is_symlink():
        (path / COMPLETE).unlink(missing_ok=True)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def unfinished(path: Path, layout: Layout) -> Iterator[None]:
    """Have `path` filled; it is removed if that fails.

    Raises CannotWrite instead of an OSError.
    """
    try:
        yield
    except BaseException as error:
        # If this fails too, the next command removes it.
        with suppress(OSError):
            remove(path)
        if isinstance(error, OSError):
            raise cannot_write(path, error.strerror or str(error), layout) from error
        raise


def cannot_write(path: Path, problem: str, layout: Layout) -> CannotWrite:
    """The error for a file that could not be written."""
    return CannotWrite(
        f"cannot write {path}: {problem}",
        f"make room on the disk of {layout.root} if that is the reason, "
        f"then: {retry_env_command()}",
    )


def switch(path: Path, layout: Layout) -> None:
    """Have `current` point at a complete generation, by one rename, which is then synced."""
    link = layout.root / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(path.relative_to(layout.root))
    if layout.current.is_dir() and not layout.current.is_symlink():
        layout.current.rename(aside(layout.current))
    link.replace(layout.current)
    os.sync()


def aside(path: Path) -> Path:
    """The name that something damaged is kept by: its own, with the time of day in UTC."""
    return path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
