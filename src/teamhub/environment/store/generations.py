"""Generations: /opt/teamhub/generations/ID/{hub,user}, and which of them is current.

A generation is built beside the others, checked, synced and marked complete; only then does
`current` move to it, by one rename.  A build that is killed leaves a generation without its mark,
which the next command removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from teamhub.environment.store import history, manifest
from teamhub.environment.store.layout import SERVER, Layout
from teamhub_shared import TeamhubError

CURRENT = SERVER.current
COMPLETE = ".complete"


class NoSuchGeneration(TeamhubError):
    """A generation that was named is not there."""


def lock_id(layout: Layout = SERVER) -> str:
    """A short name of the shipped lock, by its content."""
    return hashlib.sha256(layout.shipped_lock.read_bytes()).hexdigest()[:12]


def is_complete(generation: Path) -> bool:
    """Whether a generation was built to its end."""
    return (generation / COMPLETE).is_file()


def current(layout: Layout = SERVER) -> Path | None:
    """The generation that new servers start in, or None before the first."""
    return layout.current.resolve() if layout.current.is_symlink() else None


def is_up_to_date(layout: Layout = SERVER) -> bool:
    """Whether what is current was chosen since this version of the package is here.

    An admin who has rolled back stays there until the next version comes.
    """
    generation = current(layout)
    switches = history.read(layout.history)
    return (
        generation is not None
        and is_complete(generation)
        and bool(switches)
        and switches[-1].generation == generation.name
        and switches[-1].shipped == lock_id(layout)
    )


def complete(layout: Layout) -> dict[Path, manifest.Manifest]:
    """Every complete generation with what it was made of, the oldest first."""
    if not layout.generations.is_dir():
        return {}
    found = {
        path: manifest.read(path) for path in layout.generations.iterdir() if is_complete(path)
    }
    return dict(sorted(found.items(), key=lambda item: item[1].number))


def find(name: str, layout: Layout) -> Path:
    """The complete generation of this number or id.

    Raises NoSuchGeneration.
    """
    generations = complete(layout)
    for path, made in generations.items():
        if name in (str(made.number), path.name):
            return path
    there = ", ".join(str(made.number) for made in generations.values())
    raise NoSuchGeneration(
        f"there is no generation {name}", f"name one of those that are there: {there or 'none'}"
    )


def remove_unfinished(layout: Layout) -> None:
    """Remove what builds left that were killed."""
    if layout.generations.is_dir():
        for path in layout.generations.iterdir():
            if not is_complete(path):
                remove(path)


def remove(generation: Path) -> None:
    """Remove a generation; from the first moment on it counts as unfinished."""
    (generation / COMPLETE).unlink(missing_ok=True)
    if generation.is_dir():
        shutil.rmtree(generation)
    else:
        generation.unlink(missing_ok=True)


def switch(generation: Path, reason: str, layout: Layout) -> None:
    """Make a complete generation the current one, by one rename, and record it."""
    if current(layout) != generation:
        link = layout.root / ".current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(generation.relative_to(layout.root))
        link.replace(layout.current)
        os.sync()
    # A command that is killed here leaves no record; the next one finds that and makes it.
    number = manifest.read(generation).number
    entry = history.Switch(number, generation.name, history.now(), reason, lock_id(layout))
    history.append(layout.history, entry)
