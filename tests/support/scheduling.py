"""Where and when the server tests run: on which targets, in which order, on which worker."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from support.installation import Target, numbered_target
from teamhub_build.suites import SUITES

#: What takes minutes, or installs a package that nothing else needs: begun first, so that at the
#: end no worker is alone with one of them.
LONG_MODULES = (
    "test_conda_channel",
    "test_release_upgrade",
    "test_upgrade",
    "test_environment_accidents",
    "test_dialogue",
    "test_settings",
    "test_piuparts",
    "test_preseed",
    "test_minimal",
    "test_repair",
    "test_config_check",
    "test_kernels",
    "test_removal",
    "test_repository",
    "test_faults",
    "test_environment",
)


def targets(packages: Iterable[str]) -> list[Target]:
    """The target of each SUITE:PROFILE:DEB."""
    made = []
    for number, argument in enumerate(packages, start=1):
        suite, profile, package = argument.split(":", 2)
        made.append(numbered_target(number, suite, profile, Path(package)))
    return made


def is_for(target: Target, test: pytest.Item, once_on: str | None) -> bool:
    """Whether a test is to run on a target; `once_on` is the suite of those that need only one."""
    marker = test.get_closest_marker("profile")
    if target.profile != (marker.args[0] if marker else "scientific"):
        return False
    if only := test.get_closest_marker("suite"):
        return bool(target.suite == only.args[0])
    every_suite = once_on is None or test.get_closest_marker("every_suite") is not None
    return every_suite or target.suite == once_on


def long_ones_first(items: list[pytest.Item]) -> None:
    """Order the modules, which run.py has xdist leave so."""
    places = {name: place for place, name in enumerate(LONG_MODULES)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


class ByModuleAndSuite(LoadScopeScheduling):
    """Gives a worker the tests of one module on the servers of one suite together."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, name = nodeid.partition("::")
        suites = re.findall(rf"[\[-]({'|'.join(SUITES)})[\]-]", name)
        return " ".join([module, *suites])
