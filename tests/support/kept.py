"""Folders that later runs take up: made once, held while they are in use, removed when old."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

#: Is in a folder that is whole.
COMPLETE = "complete"


def take(folder: Path, make: Callable[[Path], None]) -> Path:
    """Hold a folder for as long as this process lives; `make` fills it where nobody has yet.

    Other processes that want the same folder wait until it is filled.  Raises what `make` does.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        holder = os.open(folder, os.O_RDONLY)
        fcntl.flock(holder, fcntl.LOCK_SH)
        if not _is_at(holder, folder):  # it was old, and removed
            os.close(holder)
            continue
        if (folder / COMPLETE).exists():
            os.utime(folder / COMPLETE)
            return folder
        fcntl.flock(holder, fcntl.LOCK_EX)
        try:
            if _is_at(holder, folder) and not (folder / COMPLETE).exists():
                _empty(folder)
                make(folder)
                (folder / COMPLETE).touch()
        finally:
            os.close(holder)


def _empty(folder: Path) -> None:
    """Remove what a run that was killed, or failed, has left."""
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def hold(folder: Path) -> None:
    """Have nobody remove a folder for as long as this process lives."""
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_SH)


def remove_old(folders: Iterable[Path], keep: int, remove: Callable[[Path], None]) -> None:
    """Have `remove` take away all but the `keep` that were used last; none that is held."""
    by_use = sorted(folders, key=_last_use, reverse=True)
    for folder in by_use[keep:]:
        holder = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)
        except BlockingIOError:
            pass  # somebody has booted it
        finally:
            os.close(holder)


def _last_use(folder: Path) -> float:
    complete = folder / COMPLETE
    return (complete if complete.exists() else folder).stat().st_mtime


def _is_at(holder: int, folder: Path) -> bool:
    """Whether the folder that was opened is the one that has the name."""
    return folder.exists() and os.path.samestat(os.fstat(holder), folder.stat())
