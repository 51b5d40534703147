"""Removing generations that nobody needs, and packages that no generation has."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from teamhub.environment.store import generations, in_use
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.state import State

#: The number of newest generations that are kept, to go back to.
KEPT = 3


def prune(state: State) -> list[int]:
    """Remove generations but the current one, the newest three and those in use.

    Returns the numbers of the removed ones.
    """
    used = {use.generation for use in in_use.uses(state.layout.generations)}
    gone = [
        generation
        for generation in state.generations[:-KEPT]
        if generation != state.current and generation.path.name not in used
    ]
    for generation in gone:
        generations.remove(generation.path)
    kept = [generation for generation in state.generations if generation not in gone]
    remove_unused_packages(kept, state.layout)
    return [generation.number for generation in gone]


def remove_unused_packages(kept: Iterable[Generation], layout: Layout) -> None:
    """Remove the unpacked packages that none of these generations was made of."""
    if not layout.cache.is_dir():
        return
    wanted = {
        record.stem for generation in kept for record in generation.path.glob("*/conda-meta/*.json")
    }
    for entry in layout.cache.iterdir():
        if entry.is_dir() and entry.name not in wanted:
            remove_package(entry)


def remove_package(entry: Path) -> None:
    """Remove an unpacked package."""
    # The lock file marks the package as complete, so it is removed first.
    entry.with_name(f"{entry.name}.lock").unlink(missing_ok=True)
    shutil.rmtree(entry)


def disk_bytes(folder: Path) -> int:
    """The disk space of a folder; a file with several names in it counts once."""
    counted: set[tuple[int, int]] = set()
    total = 0
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        if (status.st_dev, status.st_ino) not in counted:
            counted.add((status.st_dev, status.st_ino))
            total += status.st_blocks * 512
    return total
