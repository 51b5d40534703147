"""Root file systems made of layers: read-only ones below, one that takes the changes on top."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

#: A link to a file of a lower layer copies its name and mode, not its content.  And nothing waits
#: for the disk: no test can take the power away.
QUICK = "metacopy=on,redirect_dir=on,volatile"


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
