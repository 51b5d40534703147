"""Debian's own test of maintainer scripts: install, purge; install, upgrade, purge."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.container import SEARCH_PATH
from support.installation import Target, lay_plain_root
from support.keys import signing_keys
from support.network import Mirror
from support.next_version import Change, write_version
from support.repository import Repository

OLDER = Change("0.0.1")

#: What a purge leaves, and why.
STAYS = (
    "/var/lib/teamhub(/.*)?",  # the hub's records, unless one says otherwise when asked
    "/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?",  # rhea and the groups (docs/removal.md)
)


@pytest.fixture(scope="module")
def chroot(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """A plain root of the suite."""
    overlay = lay_plain_root(target, tmp_path_factory.mktemp(f"piuparts-{target}") / "layers")
    yield overlay.root
    overlay.discard()


@pytest.fixture(scope="module")
def repository(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository with the version before."""
    with signing_keys(["the team"]) as keys:
        made = Repository(tmp_path_factory.mktemp("repository"), keys)
        folder = tmp_path_factory.mktemp("versions")
        made.publish(write_version(target.package, target.suite, OLDER, folder))
        yield made
        made.close()


def test_piuparts_finds_nothing(
    target: Target, chroot: Path, repository: Repository, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *("piuparts", f"--existing-chroot={chroot}", "--keep-sources-list"),
            *(f"--distribution={target.suite}", "--no-eatmydata"),
            f"--extra-repo=deb [trusted=yes] {repository.url} {target.suite} main",
            *(f"--ignore-regex={pattern}" for pattern in STAYS),
            f"--tmpdir={tmp_path}",
            str(target.package),
        ],
        # the chroot gets all of it, and this machine's settings name files that are not in there
        env={"PATH": SEARCH_PATH, "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, "\n".join(line for line in said if "ERROR" in line) + "\n".join(
        said[-60:]
    )
    assert "PASS: Upgrading from previous version" in done.stdout or "0.0.1" in done.stdout
