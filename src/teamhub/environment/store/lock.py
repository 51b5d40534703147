"""One change of the environments at a time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: How long another change may hold the lock before the admin learns what this one waits for.
SILENT_SECONDS = 1.0
PAUSE_SECONDS = 0.05


@contextmanager
def exclusive(busy: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock on the file `busy`; wait for its holder, and report that after a second.

    The kernel gives the lock back when its holder ends, however it ends.
    """
    busy.parent.mkdir(parents=True, exist_ok=True)
    with busy.open("a") as file:
        if not held_within(SILENT_SECONDS, file.fileno()):
            report("another command is changing the environments; waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def held_within(seconds: float, descriptor: int) -> bool:
    """Whether the lock could be taken within this time."""
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(PAUSE_SECONDS)
        else:
            return True
