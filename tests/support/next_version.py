"""The next version of the built package: its scripts and programs, with what a release changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.conda_channel import Channel
from teamhub.environment.conda.packages import requested_specs
from teamhub.hub.conffiles import SHIPPED
from teamhub_build.lock import write_lock
from teamhub_build.suites import SUITES
from teamhub_shared import CHANNEL_DIR

CONFIG = Path("etc/teamhub/jupyterhub_config.py")

#: The first number of versions that are newer than any of the package's own.
LATER = 1000


@dataclass(frozen=True)
class Change:
    """What a version has that the one before had not."""

    version: str
    #: Lines at the end of jupyterhub_config.py.
    config: str = ""
    #: A Python package more in people's environment, or another version of one.
    package: str = ""
    #: Its files, by their paths below site-packages; else a module of its name.
    files: Mapping[str, str] | None = None

    def version_for(self, suite: str) -> str:
        """The version of a suite's package."""
        return f"{self.version}~deb{SUITES[suite].release}"


def write_version(package: Path, suite: str, change: Change, folder: Path) -> Path:
    """Write a .deb that differs from `package` in `change`; its file."""
    tree = folder / f"tree-{change.version}"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    version = change.version_for(suite)
    control = tree / "DEBIAN/control"
    lines = control.read_text("utf-8").splitlines(keepends=True)
    control.write_text(
        "".join(f"Version: {version}\n" if line.startswith("Version:") else line for line in lines),
        "utf-8",
    )
    for config in (tree / CONFIG, tree / SHIPPED.relative_to("/") / CONFIG):
        config.write_text(config.read_text("utf-8") + change.config, "utf-8")
    if change.package:
        add_package(tree / CHANNEL_DIR.relative_to("/"), suite, change, folder)
    write_md5sums(tree)
    made = folder / f"teamhub_{version}_amd64.deb"
    # the packages inside are compressed, and what is packed for a test need not be small
    subprocess.run(["dpkg-deb", "-Zzstd", "-z1", "--build", tree, made], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    shutil.rmtree(tree)
    return made


def add_package(shipped: Path, suite: str, change: Change, work: Path) -> None:
    """Have the channel that ships, and its lock, bring one Python package more."""
    of = SUITES[suite]
    specs = requested_specs(shipped)
    specs["user"].append(change.package)
    more = shipped.rename(work / f"channel-with-{change.package}")
    site_packages = f"lib/python{of.python}/site-packages"
    content = change.files or {f"{change.package}.py": "VERSION = '1.0'\n"}
    files = {f"{site_packages}/{path}": text for path, text in content.items()}
    Channel(more).add(change.package, change.version, files=files)
    write_lock(more, shipped, specs=specs, suite=of, channel_url=CHANNEL_DIR.as_uri())
    shutil.rmtree(more)


def write_md5sums(tree: Path) -> None:
    """Write what `dpkg --verify` compares files with, conffiles left out."""
    conffiles = set((tree / "DEBIAN/conffiles").read_text("utf-8").split())
    lines = []
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree)
        if path.is_symlink() or not path.is_file() or name.parts[0] == "DEBIAN":
            continue
        if f"/{name}" not in conffiles:
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            lines.append(f"{digest}  {name}\n")
    (tree / "DEBIAN/md5sums").write_text("".join(lines), "utf-8")
