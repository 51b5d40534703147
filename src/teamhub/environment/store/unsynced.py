"""Unpacked packages of which nobody knows whether they reached the disk before a power cut.

rattler takes a package that is in the cache for whole, and the disk may have the names of its files
without their content.  While packages are unpacked a note therefore says in which boot of the
machine that was; a generation's sync, which is all of the disk's, makes them sure.
"""

from __future__ import annotations

from pathlib import Path

from teamhub.environment.store import prune
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.state import State

#: Another after each start of the machine (random(4)).
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def begin(layout: Layout) -> None:
    """Note that packages are about to be unpacked.

    The note is not synced itself: the disk's journal has it before the names of what follows, and
    one without content is of no boot either.
    """
    layout.unsynced.write_bytes(BOOT_ID.read_bytes())


def end(layout: Layout) -> None:
    """All that was unpacked is on the disk."""
    layout.unsynced.unlink(missing_ok=True)


def remove(state: State) -> None:
    """Remove what was unpacked in an earlier boot and never synced; it will be unpacked again.

    What a complete generation has was synced with that.
    """
    layout = state.layout
    if layout.unsynced.exists() and layout.unsynced.read_bytes() != BOOT_ID.read_bytes():
        prune.remove_unused_packages(state.generations, layout)
        end(layout)
