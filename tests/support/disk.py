"""Disks that are copied as they are at one instant, which is what a power cut leaves of them.

A disk is a file with an ext4 file system, made and mounted with the options that Debian installs
with.  What the kernel has not written to it yet is in memory alone, and not in a copy.  The file
lies on XFS, where a copy shares its blocks (ioctl_ficlone(2)): XFS makes it in some milliseconds
and lets nobody write to the file meanwhile, so it is of one instant, and nothing need be halted
for it.  Halted, a server would even be better off: the kernel would go on to write what it has.
A copy has all that the file system had handed to the disk, in that order, as a disk has whose own
cache outlives a power cut.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from support.container import BootedServer
from support.installation import Installation, Target
from support.layers import Overlay

#: What a disk, and all disks of a test module with their copies, could have; it is taken as needed.
DISK_SIZE = "8G"
ALL_DISKS_SIZE = "40G"


@contextlib.contextmanager
def disk_store(folder: Path) -> Iterator[Path]:
    """A folder for disks, in a file system whose copies share blocks."""
    image, store = folder / "store.xfs", folder / "store"
    subprocess.run(["truncate", f"--size={ALL_DISKS_SIZE}", image], check=True)
    subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", image], check=True)
    # what is removed is given back to the memory that the image may lie in
    with mounted(image, store, "discard"):
        yield store
    image.unlink()


@contextlib.contextmanager
def mounted(image: Path, at: Path, *options: str) -> Iterator[Path]:
    """The file system of an image, mounted; the loop device goes with the mount (mount(8))."""
    at.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", ",".join(("loop", *options)), image, at], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


def new_disk(store: Path, name: str) -> Path:
    """An empty disk."""
    disk = store / f"{name}.ext4"
    subprocess.run(["truncate", f"--size={DISK_SIZE}", disk], check=True)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    return disk


def installed_disk(store: Path, installation: Installation) -> Path:
    """A disk with the server that teamhub is installed on."""
    disk = new_disk(store, "installed")
    layers = Overlay(store / "layers", installation.layers)
    try:
        with mounted(disk, disk.with_suffix("")) as root:
            fill(root, layers.root)
    finally:
        layers.discard()
    return disk


def fill(root: Path, source: Path) -> None:
    """Copy a tree to a mounted disk, and have it on the disk."""
    subprocess.run(["cp", "--archive", f"{source}/.", root], check=True)
    sync(root)


def sync(root: Path) -> None:
    """Have a mounted disk be what its file system is now."""
    subprocess.run(["sync", "--file-system", root], check=True)


@dataclass(frozen=True)
class Cut:
    """What a power cut would have left of a disk."""

    disk: Path
    #: From the start of the work to the instant that it is of.
    seconds: float


@dataclass
class PowerCuts:
    """Cuts the power off a disk, again and again, while work on it goes on."""

    disk: Path
    #: Between two cuts.
    pause: float
    made: list[Cut] = field(default_factory=list)
    #: When the work began, on the clock of `time.monotonic`.
    start: float = 0
    #: Seconds after which the work was called done: a cut after that takes nothing of it back.
    done: float = 0

    @contextlib.contextmanager
    def during_the_block(self, afterwards: float = 0) -> Iterator[None]:
        """Make a cut at the start of the block, then one after each pause, and one at its end.

        With the block the work is done; cuts go on for so many seconds afterwards.
        """
        ended = threading.Event()
        self.start = time.monotonic()

        def cut_until_the_end() -> None:
            while not ended.is_set():
                self._cut()
                ended.wait(self.pause)

        with ThreadPoolExecutor() as pool:
            cutting = pool.submit(cut_until_the_end)
            try:
                yield
                self.done = self.seconds
                time.sleep(afterwards)
            finally:
                ended.set()
            cutting.result()
        self._cut()

    @contextlib.contextmanager
    def after(self, share: float) -> Iterator[Cut]:
        """What the cut after this share of the work left, to write on: over 0, and 1 for the last.

        A server that is installed on it takes a gigabyte, which is gone after the block.
        """
        cut = self.made[max(0, round(share * len(self.made)) - 1)]
        mine = cut.disk.with_stem(f"{cut.disk.stem}-again")
        copy(cut.disk, mine)
        try:
            yield Cut(mine, cut.seconds)
        finally:
            mine.unlink()

    @property
    def seconds(self) -> float:
        """Since the work began."""
        return time.monotonic() - self.start

    def _cut(self) -> None:
        made = self.disk.with_stem(f"{self.disk.stem}-cut{len(self.made):03}")
        # it is of this instant, or of one some milliseconds later
        seconds = self.seconds
        copy(self.disk, made)
        self.made.append(Cut(made, seconds))


def copy(disk: Path, to: Path) -> None:
    """Copy a disk as it is at one instant; the copy shares its blocks."""
    subprocess.run(["cp", "--reflink=always", disk, to], check=True)


@contextlib.contextmanager
def booted_disk(disk: Path, target: Target, packages: Path) -> Iterator[BootedServer]:
    """The server that a disk is of, booted; it sees the folder `packages` as /mnt."""
    with mounted(disk, disk.with_suffix("")) as root:
        server = BootedServer(root, target.host, disk.with_suffix(".log"), packages)
        try:
            server.boot()
            yield server
        finally:
            server.shutdown()
