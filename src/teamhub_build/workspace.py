"""Where a build keeps its files; everything is below the checkout's .build."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.suites import Suite
from teamhub_build.variant import Variant


@dataclass(frozen=True)
class Workspace:
    """The folders of the builds of one checkout."""

    repository: Path

    @property
    def folder(self) -> Path:
        """The root of all of them."""
        return self.repository / ".build"

    @property
    def logs(self) -> Path:
        """What the tools printed, one file a stage."""
        return self.folder / "logs"

    @property
    def inputs(self) -> Path:
        """What was fetched, each file pinned by hash; `--offline` builds from here."""
        return self.folder / "inputs"

    @property
    def conda_cache(self) -> Path:
        """Wheels converted to conda packages, which the next build takes over."""
        return self.folder / "conda-packages"

    @property
    def roots(self) -> Path:
        """Clean roots of the suites."""
        return self.folder / "roots"

    def tool_wheels(self, python: str) -> Path:
        """The build's own tools as wheels, for a minor version of Python."""
        return self.inputs / f"tools-{python}"

    def channel_wheels(self, suite: Suite) -> Path:
        """The wheels that become the channel of `suite`."""
        return self.inputs / f"wheels-{suite.codename}"

    @property
    def vendored_wheels(self) -> Path:
        """The wheels that the package carries unpacked for the server."""
        return self.inputs / "vendored"

    @property
    def channel_packages(self) -> Path:
        """Packages fetched from conda channels, each in a folder named by its hash."""
        return self.inputs / "channel-packages"

    @property
    def repodata(self) -> Path:
        """What conda channels said last that they have."""
        return self.inputs / "repodata"

    def stage(self, variant: Variant) -> Path:
        """The folder of one build."""
        return self.folder / variant.name

    def shipped_channel(self, variant: Variant) -> Path:
        """What of the channel ships: the lock, and packages."""
        return self.stage(variant) / "shipped-channel"

    @contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        """Keep other builds of this checkout from `what`; waits for the one that is at it."""
        locks = self.folder / "in-use"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / what).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
