"""The .debs that a repository takes, and how their versions sort."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.suites import SUITES
from teamhub_shared import TeamhubError

TEAMHUB, KEYRING = "teamhub", "teamhub-archive-keyring"
#: What it publishes; anything else in it would be trusted by every server, as root.
PACKAGES = (TEAMHUB, KEYRING)
#: What the version of a keyring package has that names the canary distributions.
CANARY = "+canary"


class DebError(TeamhubError):
    """A file cannot be published."""


@dataclass(frozen=True)
class Deb:
    """A package file."""

    name: str
    version: str
    architecture: str

    def pool_path(self, component: str) -> str:
        """Where it lies in the repository; without the epoch, as dpkg names files."""
        version = self.version.partition(":")[2] or self.version
        folder = f"pool/{component}/{self.name[0]}/{self.name}"
        return f"{folder}/{self.name}_{version}_{self.architecture}.deb"

    def state(self, chosen: str) -> str:
        """The state of the distributions that it is for.

        A keyring package names its own: in any other it would take servers elsewhere.
        """
        if self.name == KEYRING:
            return "canary" if CANARY in self.version else "stable"
        return chosen

    @property
    def codenames(self) -> list[str]:
        """The Debian suites that it is for: the one that its version names, or all."""
        found = re.search(r"~deb(\d+)$", self.version)
        return [name for name, suite in SUITES.items()
                if found is None or str(suite.release) == found[1]]  # fmt: skip


def read_deb(path: Path) -> Deb:
    """What the control file of a .deb says.

    Raises DebError for a file that is none, for another package than ours, and for a suite that
    nothing is built for.
    """
    done = subprocess.run(
        ["dpkg-deb", "--show", "--showformat=${Package} ${Version} ${Architecture}", path],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DebError(
            f"{path} is no Debian package: {done.stderr.strip()}", "name a .deb of dist/"
        )
    deb = Deb(*done.stdout.split())
    if deb.name not in PACKAGES:
        raise DebError(
            f"{path} is the package {deb.name}", f"publish only {' and '.join(PACKAGES)} here"
        )
    if not deb.codenames:
        raise DebError(
            f"{path} has the version {deb.version}, of a Debian that teamhub is not built for",
            f"build it for one of {', '.join(SUITES)}",
        )
    return deb


def newest_first(versions: Iterable[str]) -> list[str]:
    """Versions as dpkg sorts them."""
    return sorted(set(versions), key=functools.cmp_to_key(compare), reverse=True)


def compare(one: str, other: str) -> int:
    """-1, 0 or 1, as cmp does."""
    for relation, result in (("lt", -1), ("gt", 1)):
        command = ["dpkg", "--compare-versions", one, relation, other]
        if subprocess.run(command, check=False).returncode == 0:
            return result
    return 0
