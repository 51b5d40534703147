"""The committed pins of the tools: each NAME.in was made into a NAME.txt with hashes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from teamhub_build.suites import SUITES
from teamhub_build.wheelhouse import read_pins

REPOSITORY = Path(__file__).parents[3]
REQUIREMENTS = REPOSITORY / "requirements"
WANTED = sorted(REQUIREMENTS.glob("*.in"))
#: What the hub's code and its configuration are made with.
OF_THE_HUB = {
    "alembic",
    "jupyterhub",
    "jupyterhub-idle-culler",
    "pamela",
    "sqlalchemy",
    "sudospawner",
    "tornado",
    "traitlets",
}


def names(wanted: Path) -> set[str]:
    """The projects that a NAME.in asks for."""
    lines = (line.partition("#")[0].strip() for line in wanted.read_text("utf-8").splitlines())
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith("-"))
    return {name[0].lower() for name in found if name}


@pytest.mark.parametrize("wanted", WANTED, ids=lambda path: str(path.name))
def test_what_is_asked_for_is_pinned_by_hash(wanted: Path) -> None:
    assert names(wanted)
    pinned = {pin.name for pin in read_pins(wanted.with_suffix(".txt"))}
    assert names(wanted) - pinned == set()


@pytest.mark.parametrize("suite", SUITES)
def test_the_hubs_code_is_tested_with_the_versions_of_a_server(suite: str) -> None:
    def hub_pins(path: Path) -> dict[str, str]:
        return {pin.name: pin.version for pin in read_pins(path) if pin.name in OF_THE_HUB}

    server = hub_pins(REPOSITORY / f"locks/{suite}/wheels.txt")
    assert server.keys() == OF_THE_HUB
    assert hub_pins(REQUIREMENTS / "test.txt") == server
