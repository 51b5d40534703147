"""The package's DEP-8 test (debian/tests), run as anybody runs it: by autopkgtest."""

from __future__ import annotations

import shutil

import pytest

from support.checkout import REPOSITORY
from support.container import BootedServer
from support.installation import APT, Target
from teamhub_build.profiles import DEFAULT_PROFILE
from teamhub_build.variant import choose_variant
from teamhub_build.workspace import Workspace

pytestmark = [pytest.mark.exhaustive, pytest.mark.every_suite]

SOURCE = "/srv/teamhub"


def test_autopkgtest_installs_the_package_and_its_test_passes(
    plain: BootedServer, target: Target
) -> None:
    copy_source(plain, target)
    plain.run(*APT, "install", "--no-install-recommends", "autopkgtest")
    # the server is the container, which autopkgtest's `null` does not know (5.49, Debian 13)
    options = ("--summary-file=/srv/summary", "--ignore-restrictions=isolation-container")
    run = ("autopkgtest", *options, target.package_on_server, f"{SOURCE}/")
    plain.run(*run, "--", "null", seconds=600)
    assert plain.output("cat", "/srv/summary").split() == ["log-in", "PASS"]


def copy_source(server: BootedServer, target: Target) -> None:
    """Lay on the server what autopkgtest reads of the Debian source package."""
    variant = choose_variant(target.suite, DEFAULT_PROFILE, [], thin=False, lock=None)
    [tree] = (Workspace(REPOSITORY).stage(variant) / "source").glob("teamhub-*/")
    for folder in ("debian", "tests"):
        shutil.copytree(tree / folder, server.root / SOURCE.removeprefix("/") / folder)
