"""The pins of the tools: each NAME.in is made into a NAME.txt with hashes, for one environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from teamhub_build.progress import Progress
from teamhub_build.requirements import write_requirements
from teamhub_build.suites import SUITES
from teamhub_build.wheelhouse import read_pins
from unit.teamhub_build.conftest import MakeWheel

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


@pytest.fixture
def repository(tmp_path: Path, wheel_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose tools come out of a folder of wheels."""
    settings = tmp_path / "uv.toml"
    settings.write_text(f'no-index = true\nfind-links = ["{wheel_folder}"]\n', "utf-8")
    monkeypatch.setenv("UV_CONFIG_FILE", str(settings))
    (tmp_path / "requirements").mkdir()
    return tmp_path


def pinned(repository: Path, name: str) -> dict[str, str]:
    return {pin.name: pin.version for pin in read_pins(repository / "requirements" / name)}


def test_what_build_and_tests_share_has_the_builds_version(
    repository: Path, make_wheel: MakeWheel
) -> None:
    make_wheel("shared", "1.0")
    make_wheel("shared", "2.0")
    make_wheel("tool", "1.0")
    (repository / "requirements/build.in").write_text("shared <2\n")
    # the first by name, and pinned after the build's all the same
    (repository / "requirements/a-test.in").write_text("shared\ntool\n")
    write_requirements(repository, log=repository / "log", progress=Progress())
    assert pinned(repository, "build.txt") == {"shared": "1.0"}
    assert pinned(repository, "a-test.txt") == {"shared": "1.0", "tool": "1.0"}
