"""Removing generations that nobody needs, and packages that no generation has."""

from __future__ import annotations

import shutil
from pathlib import Path

from teamhub.environment.store import generations, in_use
from teamhub.environment.store.layout import Layout

#: So many of the newest stay, to go back to.
KEPT = 3


def prune(layout: Layout) -> list[int]:
    """Remove generations but the current one, the newest three and those in use.

    Returns the numbers of those that went.
    """
    there = generations.complete(layout)
    needed = {use.generation for use in in_use.uses(layout.generations)}
    now = generations.current(layout)
    gone = [path for path in list(there)[:-KEPT] if path != now and path.name not in needed]
    for path in gone:
        generations.remove(path)
    remove_unused_packages(layout)
    return [there[path].number for path in gone]


def remove_unused_packages(layout: Layout) -> None:
    """Remove the unpacked packages that no generation was made of."""
    if not layout.cache.is_dir():
        return
    wanted = {
        record.stem
        for generation in generations.complete(layout)
        for record in generation.glob("*/conda-meta/*.json")
    }
    for entry in layout.cache.iterdir():
        if entry.is_dir() and entry.name not in wanted:
            lock = entry.with_name(f"{entry.name}.lock")
            # Its lock says that it is whole, and goes first.
            lock.unlink(missing_ok=True)
            shutil.rmtree(entry)


def disk_bytes(folder: Path) -> int:
    """What a folder takes on the disk; what has several names in it counts once."""
    counted: set[tuple[int, int]] = set()
    total = 0
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        if (status.st_dev, status.st_ino) not in counted:
            counted.add((status.st_dev, status.st_ino))
            total += status.st_blocks * 512
    return total
