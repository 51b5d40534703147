"""A disk is full at `apt install`, or fills up meanwhile: it says so, and finishes with room."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.container import BootedServer, wait_for
from support.full_disk import fill_up, make_room, put_on_own_disk, take_all
from support.installation import APT, PRESEED, Target, boot_plain, give_passwords
from support.recovery import finish, nothing_is_lost, someone_computes, type_unattended
from support.trials import Count

SECTION = "Full disk"
ENDS = (
    "it does without, or says what is missing; once there is room, the same command, or the one "
    "that is named, finishes"
)
#: What is left of each disk, in kB: less than what is asked for beforehand, or nothing.
LEFT_KB = {"/opt": 100_000, "/var/lib": 0, "/etc": 0, "/home": 0, "/tmp": 0}
#: The disks that the installation cannot do without, and what is said of each.
REFUSALS = {
    "/opt": "/opt/teamhub needs",
    "/var/lib": "No space left on device",
    "/etc": "No space left on device",
    "/home": "/home",
    # apt's own
    "/tmp": "No space left on device",
}
SOAK_ONLY = pytest.mark.soak_only


@pytest.fixture
def plain_with(target: Target, mirror: object, tmp_path: Path) -> Iterator[BootedServer]:  # noqa: ARG001 - has to serve
    """A plain server with answers, which has all packages that it will install."""
    with boot_plain(target, tmp_path) as server:
        server.run("debconf-set-selections", given=PRESEED)
        server.run(*APT, "install", "--download-only", target.package_on_server)
        yield server


def check_finished(server: BootedServer, *command: str) -> None:
    """Raise AssertionError unless a command finishes the installation and somebody computes."""
    finish(server, *command)
    give_passwords(server)
    ca = server.log.parent / "ca.crt"
    ca.write_text(server.run("teamhub", "tls", "ca").stdout)
    someone_computes(server, ca)
    nothing_is_lost(server)


def full_from_the_start(server: BootedServer, folder: str, *command: str) -> str:
    """What the installation says, which fails where it needs the disk."""
    fill_up(server, folder, LEFT_KB[folder])
    done = type_unattended(server, command)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) == (folder not in REFUSALS), said
    assert REFUSALS.get(folder, "") in said
    return said


def full_meanwhile(server: BootedServer, folder: str, *command: str) -> str:
    """What the installation says when there was room at its start alone."""
    with ThreadPoolExecutor() as pool:
        installing = pool.submit(type_unattended, server, command)
        wait_for("unpacked packages", lambda: any_in(server, "/opt/teamhub/pkgs"), 300, pause=0.05)
        take_all(server, folder)
        done: subprocess.CompletedProcess[str] = installing.result()
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "No space left on device" in said
    return said


def any_in(server: BootedServer, folder: str) -> bool:
    return server.run("ls", "-A", folder, check=False).stdout != ""


@pytest.mark.parametrize(
    ("folder", "when"),
    [
        pytest.param("/opt", full_from_the_start, id="/opt"),
        pytest.param("/opt", full_meanwhile, id="/opt meanwhile", marks=SOAK_ONLY),
        *(
            pytest.param(folder, full_from_the_start, id=folder, marks=SOAK_ONLY)
            for folder in ("/var/lib", "/etc", "/home", "/tmp")
        ),
    ],
)
def test_it_finishes_once_there_is_room(
    plain_with: BootedServer,
    target: Target,
    folder: str,
    when: Callable[..., str],
    trial: Count,
) -> None:
    command = ("apt", "install", target.package_on_server)
    moment = "is full" if when is full_from_the_start else "fills up while packages are unpacked"
    with trial(f"`apt install` where the disk of `{folder}` {moment}", ENDS):
        put_on_own_disk(plain_with, folder)
        assert "Traceback" not in when(plain_with, folder, *command)
        make_room(plain_with, folder)
        check_finished(plain_with, *command)
