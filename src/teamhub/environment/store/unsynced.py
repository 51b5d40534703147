"""Unpacked packages that may be other than they were when they came.

rattler takes a package that is in the cache for whole.  After a power cut the disk may have the
names of its files without their content; and somebody who edits a file of a prefix edits the
cache's, where both are one.  A note says so: while packages are unpacked, it has the boot of the
machine in which that is, and a generation's sync, which is all of the disk's, takes it away.  While
a note of another boot is there, rattler compares every file that it takes with its package's hash.
"""

from __future__ import annotations

from pathlib import Path

from teamhub.environment.store.layout import Layout

#: Another after each start of the machine (random(4)).
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def begin(layout: Layout) -> None:
    """Note that packages are about to be unpacked.

    The note is not synced itself: the disk's journal has it before the names of what follows, and
    one without content is of no boot either.
    """
    if not in_doubt(layout):
        layout.unsynced.write_bytes(BOOT_ID.read_bytes())


def end(layout: Layout) -> None:
    """All that was unpacked in this boot is on the disk."""
    if not in_doubt(layout):
        layout.unsynced.unlink(missing_ok=True)


def in_doubt(layout: Layout) -> bool:
    """Whether a file in the cache may have another content than its package's."""
    return layout.unsynced.exists() and layout.unsynced.read_bytes() != BOOT_ID.read_bytes()


def distrust(layout: Layout) -> None:
    """Note that somebody has edited files, of which the cache may have some."""
    layout.unsynced.write_bytes(b"")


def settle(layout: Layout) -> None:
    """Nothing is in the cache any more but what complete generations have, which is on the disk."""
    layout.unsynced.unlink(missing_ok=True)
