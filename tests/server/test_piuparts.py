"""Debian's own test of maintainer scripts: install, purge; install, upgrade, purge."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.container import SEARCH_PATH
from support.installation import Target, lay_plain_root
from support.network import Mirror
from support.next_version import Change, write_version
from support.repository import Repository

OLDER = Change("0.0.1")

#: What a purge leaves, and why.
STAYS = (
    "/var/cache/debconf/tmp.ci(/.*)?",  # debconf's own, made when apt asks before it installs
    "/var/lib/teamhub(/.*)?",  # the hub's records, unless one says otherwise when asked
    "/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?",  # rhea and the groups (docs/removal.md)
)


@pytest.fixture(scope="module")
def chroot(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    work: Path,
) -> Iterator[Path]:
    """A plain root of the suite."""
    overlay = lay_plain_root(target, work / "layers")
    yield overlay.root
    overlay.discard()


@pytest.fixture(scope="module")
def repository(
    target: Target, repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """A repository with the version before."""
    folder = tmp_path_factory.mktemp("versions")
    repository.publish(write_version(target.package, target.suite, OLDER, folder))
    return repository


def test_piuparts_finds_nothing(
    target: Target, chroot: Path, repository: Repository, work: Path, tmp_path: Path
) -> None:
    source = f"deb [trusted=yes] {repository.url} {target.suite} main\n"
    (chroot / "etc/apt/sources.list.d/teamhub.list").write_text(source)
    done = subprocess.run(
        [
            *("piuparts", f"--existing-chroot={chroot}", "--keep-sources-list"),
            *(f"--distribution={target.suite}", "--no-eatmydata"),
            *(f"--ignore-regex={pattern}" for pattern in STAYS),
            f"--tmpdir={work}",
            str(target.package),
        ],
        # the chroot gets all of it, and this machine's settings name files that are not in there
        env={
            "PATH": SEARCH_PATH,
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            # it removes what came with teamhub, and sudo refuses where root has no password
            "SUDO_FORCE_REMOVE": "yes",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    problems = [line for line in lines if "ERROR" in line]
    assert done.returncode == 0, "\n".join([*problems, *lines[-60:]])
    passed = [line.partition("PASS: ")[2] for line in lines if "PASS: " in line]
    assert "Installation and purging test." in passed
    assert "Installation, upgrade and purging tests." in passed
