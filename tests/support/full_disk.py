"""Folders of a booted server on small file systems of their own, filled up and emptied again."""

from __future__ import annotations

from support.container import BootedServer

FILLER = ".takes-the-rest"
#: Room beside what a folder has, in MB, so that the whole can be filled up, and work can end later.
SIZE_MB = 4000


def put_on_own_disk(server: BootedServer, folder: str) -> None:
    """Mount a file system with the folder's content over it; what runs does not see it."""
    server.run("mkdir", "/srv/own-disk")
    options = f"size={SIZE_MB}M,mode={server.output('stat', '--format=%a', folder)}"
    server.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", "/srv/own-disk")
    server.run("cp", "--archive", f"{folder}/.", "/srv/own-disk")
    # systemd makes mounts shared, and such a one cannot be moved
    server.run("mount", "--bind", "/srv/own-disk", folder)


def fill_up(server: BootedServer, folder: str, left_kb: int) -> None:
    """Take all that is free on a folder's file system, but so much."""
    server.run(
        "fallocate", f"--length={free_kb(server, folder) - left_kb}KiB", f"{folder}/{FILLER}"
    )
    assert free_kb(server, folder) <= left_kb


def free_kb(server: BootedServer, folder: str) -> int:
    """What is free on a folder's file system."""
    return int(server.output("df", "--output=avail", "--block-size=1K", folder).split()[-1])


def take_all(server: BootedServer, folder: str) -> None:
    """Write on a folder's file system until nothing is free, while others write on it, too."""
    written = server.run("sh", "-c", f"cat /dev/zero >{folder}/{FILLER}", check=False)
    assert "No space left on device" in written.stderr


def make_room(server: BootedServer, folder: str) -> None:
    """Take away what fills a folder's file system up."""
    server.run("rm", f"{folder}/{FILLER}")
