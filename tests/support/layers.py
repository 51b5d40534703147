"""Root file systems made of layers: read-only ones below, one that takes the changes on top."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

#: A link to a file of a lower layer copies its name and mode, not its content.  And nothing waits
#: for the disk: no test can take the power away.
QUICK = "metacopy=on,redirect_dir=on,volatile"

#: Where less memory is available, layers go to the disk: four modules side by side took 4 GB for
#: theirs, in addition to 1 GB for their processes.
PLENTY_OF_MEMORY_KB = 12 * 1024**2


@contextlib.contextmanager
def passing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder for layers that nobody needs after the block.

    In memory where there is plenty of it: a disk takes a quarter longer to write environments on,
    and five times as long to remove them from.
    """
    in_memory = available_memory_kb() >= PLENTY_OF_MEMORY_KB
    if in_memory:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        if in_memory:
            subprocess.run(["umount", folder], check=True)


def available_memory_kb() -> int:
    """What programs could still take of this machine's memory."""
    found = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


class Overlay:
    """An overlayfs mount whose changes all land in `changes`.

    `lower` names the read-only layers, the topmost first.  After `unmount` the folder `changes`
    can serve as a layer of another Overlay.
    """

    def __init__(self, work: Path, lower: Sequence[Path]) -> None:
        self.work = work
        self.lower = tuple(lower)
        self.changes = work / "changes"
        self.root = work / "root"
        scratch = work / "scratch"
        for folder in (self.changes, self.root, scratch):
            folder.mkdir(parents=True)
        layers = ":".join(str(layer) for layer in lower)
        options = f"lowerdir={layers},upperdir={self.changes},workdir={scratch},{QUICK}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root], check=True)

    def unmount(self) -> None:
        """Take the tree away; the changes stay."""
        subprocess.run(["umount", "--recursive", self.root], check=True)

    def discard(self) -> None:
        """Take the tree and the changes away."""
        self.unmount()
        shutil.rmtree(self.work)
