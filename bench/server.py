"""The server that environments are installed on, and the commands that are measured there."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import virtualenv
from bench.cost import Cost, cost
from support.container import BootedServer
from support.installation import APT, PRESEED, Target
from support.network import configure_server
from support.roots import CACHE, server_root

#: What is measured with, as the server sees it.
FOLDER = "/srv/bench"
DISK_SIZE = "12GiB"


@dataclass(frozen=True)
class Inputs:
    """What the measurements need of the build machine."""

    #: The same wheels in a .deb of dh-virtualenv's, for the sections that have it as a peer.
    virtualenv: Path
    wheels: Path
    #: The wheels' names and versions, one a line.
    requirements: str
    uv: Path


@dataclass(frozen=True)
class Way:
    """One way to an environment: what is timed, and what takes its result away again."""

    name: str
    command: str
    undo: str
    #: What it reads, brought into the page cache before; folders with all that is in them.
    reads: tuple[str, ...] = ()


class BenchServer:
    """A booted server with all that teamhub depends on, and without teamhub."""

    def __init__(self, server: BootedServer) -> None:
        self.server = server

    def measure(self, way: Way) -> Cost:
        """What a way costs, from warm caches, with nothing left to be written to the disk."""
        self.shell("debconf-set-selections", given=PRESEED)
        for path in way.reads:
            self.shell(f"find {path} -type f -exec cat {{}} + >/dev/null")
        self.shell("sync")
        before = written_mb(self.server.root)
        shell = self.server.command(
            "sh", "-ec", way.command, DEBIAN_FRONTEND="noninteractive", UV_OFFLINE="1"
        )
        spent = cost(shell, way.name)
        self.shell("sync")
        print(f"{way.name}: {spent.seconds:.2f} s", file=sys.stderr, flush=True)
        return dataclasses.replace(spent, written_mb=written_mb(self.server.root) - before)

    def undo(self, way: Way) -> Cost:
        """What it costs to take away what a way brought."""
        shell = self.server.command("sh", "-ec", way.undo, DEBIAN_FRONTEND="noninteractive")
        return cost(shell, f"{way.name}: taking it away")

    def shell(self, script: str, *, given: str = "") -> str:
        """What a shell's commands print."""
        done = self.server.run(
            "sh", "-ec", script, given=given, seconds=1800, DEBIAN_FRONTEND="noninteractive"
        )
        return done.stdout.strip()

    def path(self, path: str) -> Path:
        """A path of the server's, from out here."""
        return self.server.root / path.lstrip("/")


@contextlib.contextmanager
def boot(target: Target, inputs: Inputs, work: Path) -> Iterator[BenchServer]:
    """A server on a disk of its own, so that what others write delays none of its syncs."""
    work.mkdir()
    disk = mount_disk(work)
    root = disk / "root"
    subprocess.run(["cp", "--archive", server_root(target.suite, CACHE), root], check=True)
    configure_server(root, target.host, target.suite)
    lay_out(root / FOLDER.lstrip("/"), target, inputs)
    server = BootedServer(root, target.host, work / "boot.log")
    server.boot()
    try:
        bench = BenchServer(server)
        server.run(*APT, "update")
        # All that it depends on stays.
        bench.shell("debconf-set-selections", given=PRESEED)
        bench.shell(f"{' '.join(APT)} install {FOLDER}/teamhub.deb && dpkg --purge teamhub")
        yield bench
    finally:
        server.shutdown()
        subprocess.run(["umount", "--recursive", disk], check=True)
        shutil.rmtree(work)


def written_mb(root: Path) -> float:
    """What was ever written to the disk that a folder lies on, in MB."""
    device = root.stat().st_dev
    stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text("ascii")
    # Documentation/block/stat: sectors, which are 512 bytes here whatever the disk's are
    return int(stat.split()[6]) * 512 / 1e6


def mount_disk(work: Path) -> Path:
    """An ext4 as Debian's installer makes it, with a journal, in a file that bypasses our cache."""
    image, folder = work / "disk", work / "mounted"
    folder.mkdir()
    # Its blocks are there from the start, as a disk's are.
    subprocess.run(["fallocate", "--length", DISK_SIZE, image], check=True)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    attach = ["losetup", "--direct-io=on", "--show", "--find", str(image)]
    device = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run(["mount", device, folder], check=True)
    finally:
        # While it is mounted this only says that it is to go with the mount.
        subprocess.run(["losetup", "--detach", device], check=True)
    return folder


def lay_out(folder: Path, target: Target, inputs: Inputs) -> None:
    """Put what is measured with where the server sees it."""
    folder.mkdir(parents=True)
    shutil.copyfile(target.package, folder / "teamhub.deb")
    shutil.copyfile(inputs.virtualenv, folder / f"{virtualenv.NAME}.deb")
    shutil.copytree(inputs.wheels, folder / "wheels")
    shutil.copy(inputs.uv, folder / "uv")
    (folder / "requirements.txt").write_text(inputs.requirements, "utf-8")
