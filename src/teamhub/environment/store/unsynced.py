"""Unpacked packages whose files may have changed since they were unpacked.

rattler assumes that a package in the cache is complete.  After a power cut the disk may have the
names of its files without their content; and an edit of a file in a prefix also edits the cache if
both are hardlinks of one file.  A note records this: while packages are unpacked, it has the id of
the machine's current boot; the sync of a generation, which is one of the whole disk, removes it.
If there is a note of another boot, rattler compares every file that it takes with its package's
hash.
"""

from __future__ import annotations

from pathlib import Path

from teamhub.environment.store.layout import Layout

#: Changes with each start of the machine (random(4)).
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def begin(layout: Layout) -> None:
    """Note that packages are about to be unpacked.

    The note is not synced itself: the disk's journal has it before the names of the files that
    follow, and an empty note counts as one of another boot.
    """
    if not in_doubt(layout):
        layout.unsynced.write_bytes(BOOT_ID.read_bytes())


def end(layout: Layout) -> None:
    """Note that all that was unpacked in this boot is on the disk."""
    if not in_doubt(layout):
        layout.unsynced.unlink(missing_ok=True)


def in_doubt(layout: Layout) -> bool:
    """Whether a file in the cache may have another content than its package's."""
    return layout.unsynced.exists() and layout.unsynced.read_bytes() != BOOT_ID.read_bytes()


def distrust(layout: Layout) -> None:
    """Note that files were edited, some of which may be in the cache, too."""
    layout.unsynced.write_bytes(b"")


def settle(layout: Layout) -> None:
    """The cache has only packages of complete generations now, which are on the disk."""
    layout.unsynced.unlink(missing_ok=True)
