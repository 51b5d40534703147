"""Root file systems made of layers: read-only ones below, one that takes the changes on top."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


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
        options = f"lowerdir={layers},upperdir={self.changes},workdir={scratch}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root], check=True)

    def unmount(self) -> None:
        """Take the tree away; the changes stay."""
        subprocess.run(["umount", "--recursive", self.root], check=True)

    def discard(self) -> None:
        """Take the tree and the changes away."""
        self.unmount()
        shutil.rmtree(self.work)
