"""What the build asks of the machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from teamhub_build.machine import BUILD_PACKAGES, MachineError, install_packages, missing_packages
from teamhub_build.progress import Progress
from teamhub_build.workspace import Workspace


def test_installed_packages_are_not_missing() -> None:
    assert missing_packages(["dpkg", "no-such-package-anywhere", "bash"]) == [
        "no-such-package-anywhere"
    ]


def test_offline_says_which_packages_are_missing(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="not installed: no-such-package-anywhere"):
        install_packages(
            ["bash", "no-such-package-anywhere"],
            workspace=Workspace(tmp_path),
            offline=True,
            progress=Progress(),
        )


def test_what_debian_control_builds_with_is_installed() -> None:
    control = (REPOSITORY / "debian/control.j2").read_text("utf-8")
    section = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.MULTILINE)
    assert section is not None
    wanted = set(re.findall(r"^ ([a-z0-9.+-]+)", section[1], re.MULTILINE))
    # debhelper provides it
    wanted = {name for name in wanted if name != "debhelper-compat"}
    assert wanted <= {*BUILD_PACKAGES}
