"""The table of conda-forge's names holds what the pins need, and no more."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import canonicalize_name

from teamhub_build.packages.names import CONDA_FORGE_NAMES, conda_name
from teamhub_build.profiles import HUB, PROFILES
from teamhub_build.suites import SUITES
from teamhub_build.wheelhouse import read_pins

LOCKS = Path(__file__).parents[4] / "locks"
PINNED = {pin.name for suite in SUITES for pin in read_pins(LOCKS / suite / "wheels.txt")}


def test_every_entry_is_pinned_in_some_suite() -> None:
    assert set(CONDA_FORGE_NAMES) <= PINNED


def test_an_entry_is_there_because_the_name_differs() -> None:
    for project, name in CONDA_FORGE_NAMES.items():
        assert project == canonicalize_name(project)
        assert project != name


def test_no_two_projects_become_one_package() -> None:
    names = [conda_name(project) for project in PINNED]
    assert len(names) == len(set(names))


def test_what_the_profiles_ask_for_is_a_name_of_the_channel() -> None:
    channel = {conda_name(project) for project in PINNED} | {"configurable-http-proxy"}
    assert {*HUB, *(spec for specs in PROFILES.values() for spec in specs)} <= channel


def test_the_spelling_of_a_project_does_not_matter() -> None:
    assert conda_name("Jupyter.Bokeh") == conda_name("jupyter_bokeh") == "jupyter_bokeh"


def test_a_name_that_is_the_same_in_both_worlds_stays() -> None:
    assert conda_name("numpy") == "numpy"
