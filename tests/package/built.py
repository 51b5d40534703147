"""A built .deb, opened: what the tests of this folder look at."""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from teamhub_build.suites import SUITES, Suite


@dataclass(frozen=True)
class BuiltPackage:
    """One .deb and the folder that it was unpacked to."""

    deb: Path
    folder: Path

    @property
    def root(self) -> Path:
        """The package's files, as they lie on a server."""
        return self.folder / "root"

    @property
    def control(self) -> Path:
        """The control files: control, conffiles, templates, maintscripts."""
        return self.folder / "control"

    @property
    def suite(self) -> Suite:
        """The suite that its version names."""
        release = int(self.field("Version").rpartition("~deb")[2])
        return next(suite for suite in SUITES.values() if suite.release == release)

    @cached_property
    def entries(self) -> dict[str, tarfile.TarInfo]:
        """Each path of the package, without a leading slash, with its owner and mode."""
        with (
            subprocess.Popen(
                ["dpkg-deb", "--fsys-tarfile", self.deb], stdout=subprocess.PIPE
            ) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as archive,
        ):
            entries = {info.name.removeprefix("./"): info for info in archive}
        return {name: info for name, info in entries.items() if name not in ("", ".")}

    @cached_property
    def conffiles(self) -> list[str]:
        """The paths that dpkg treats as conffiles."""
        return (self.control / "conffiles").read_text("utf-8").split()

    def field(self, name: str) -> str:
        """One field of the control file, "" where it has none."""
        return subprocess.run(
            ["dpkg-deb", "--field", self.deb, name],
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout.strip()

    def relations(self, field: str) -> dict[str, str]:
        """The packages that a relation field names, each with its version part ("(>= 1)" or "")."""
        parts = (part.split(None, 1) for part in self.field(field).split(",") if part.strip())
        relations: dict[str, str] = {}
        for name, *version in parts:
            relations[name] = f"{relations.get(name, '')} {' '.join(version)}".strip()
        return relations

    @property
    def channel(self) -> Path:
        """The channel that the package carries."""
        return self.root / "usr/share/teamhub/channel"


def unpack(deb: Path, folder: Path) -> BuiltPackage:
    """Unpack files and control files of `deb` below `folder`."""
    subprocess.run(["dpkg-deb", "--extract", deb, folder / "root"], check=True)
    subprocess.run(["dpkg-deb", "--control", deb, folder / "control"], check=True)
    return BuiltPackage(deb, folder)
