"""Small conda channels, made with the build's own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from teamhub_build.packages.conda_file import CondaPackage, write_conda
from teamhub_build.repodata import empty_channel, read_repodata, repodata_record, write_repodata


class Channel:
    """A conda channel in a folder, to which a test adds packages."""

    def __init__(self, folder: Path) -> None:
        """A new channel, or the one that is there."""
        self.folder = folder
        if not folder.exists():
            empty_channel(folder)
            write_repodata(folder, [])

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def add(
        self,
        name: str,
        version: str = "1.0",
        *,
        depends: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        purls: Sequence[str] = (),
        noarch: str = "generic",
    ) -> Path:
        """Add a package, and return its file; a generic one has a program of its name."""
        package = CondaPackage(
            name, version, "0", "noarch", tuple(depends), noarch=noarch, purls=tuple(purls)
        )
        tree = self.folder.parent / f"tree-{self.folder.name}-{name}-{version}"
        content = dict(files or {f"share/{name}/version": version})
        if noarch == "generic":
            content[f"bin/{name}"] = "#!/bin/sh\n"
        for path, text in content.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text, "utf-8")
        file = self.folder / "noarch" / package.filename
        write_conda(tree, file, package)
        write_repodata(self.folder, [*read_repodata(self.folder), repodata_record(package, file)])
        return file
