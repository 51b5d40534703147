"""What `make test` and `make test-all` test, and that no stale package is tested in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import selection
from support.selection import NoPackageError, Package, Selection, select
from teamhub_build.built_of import read_tree, write_tree
from teamhub_build.suites import SUITES

#: Two commits, whose hashes are even and odd.
COMMITS = ("b9cd5bd021ba7d5cb5c368232ef3fff4020fa260", "c24fea74be025387b02e263f38d8bcb1da196dcb")


def selected(commit: str, *, everything: bool = False, suite: str | None = None) -> Selection:
    return select(everything=everything, suite=suite, stale=False, commit=commit)


def profiles(chosen: Selection) -> list[tuple[str, str]]:
    return [(package.suite, package.profile) for package in chosen.packages]


def test_what_depends_on_no_suite_is_tested_on_each_by_turns() -> None:
    assert {selected(commit).one_suite for commit in COMMITS} == set(SUITES)


def test_every_suite_has_its_package_and_the_minimal_one_is_for_all_tests() -> None:
    scientific = [(suite, "scientific") for suite in SUITES]
    assert profiles(selected(COMMITS[0])) == scientific
    everything = profiles(selected(COMMITS[0], everything=True))
    assert [package for package in everything if package not in scientific] == [
        (suite, "minimal") for suite, profile in everything if profile == "minimal"
    ]
    assert len(everything) == len(scientific) + 1


@pytest.mark.parametrize("commit", COMMITS)
def test_a_suite_that_is_named_is_the_only_one(commit: str) -> None:
    chosen = selected(commit, suite="trixie")
    assert chosen.one_suite == "trixie"
    assert profiles(chosen) == [("trixie", "scientific")]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A package of a checkout that has one file of its source, and is not built yet."""
    monkeypatch.setattr(selection, "REPOSITORY", tmp_path)
    monkeypatch.setattr(selection, "DIST", tmp_path / "dist")
    monkeypatch.setattr("teamhub_build.built_of.SOURCES", ("src",))
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code.py").write_text("x = 1\n")
    (tmp_path / "dist").mkdir()
    return Package("trixie", "scientific", tmp_path / "dist")


def build(package: Package, version: str = "0.1.0") -> Path:
    deb = package.folder / f"teamhub_{version}~deb13_amd64.deb"
    deb.write_bytes(b"a package")
    write_tree(deb, read_tree(package.folder.parent))
    return deb


def test_the_newest_one_is_tested(package: Package) -> None:
    os.utime(build(package, "0.1.0"), (1, 1))
    newest = build(package, "0.0.9")
    assert package.fresh_path() == newest


def test_one_that_is_missing_is_named_with_the_command_that_builds_it(package: Package) -> None:
    with pytest.raises(NoPackageError) as raised:
        package.fresh_path()
    assert str(raised.value) == (
        "There is no dist/teamhub_*~deb13_amd64.deb.\nBuild it: python3 build.py --suite trixie"
    )


def test_a_stale_one_is_refused_with_what_has_changed(package: Package, tmp_path: Path) -> None:
    deb = build(package)
    (tmp_path / "src/code.py").write_text("x = 2\n")
    with pytest.raises(NoPackageError) as raised:
        package.fresh_path()
    assert str(raised.value).splitlines() == [
        "dist/teamhub_0.1.0~deb13_amd64.deb is stale; changed since it was built: src/code.py.",
        "Build it: python3 build.py --suite trixie",
        "Or test it as it is: tests/run.py ... --stale",
    ]
    chosen = select(everything=False, suite="trixie", stale=True, commit=COMMITS[0])
    assert chosen.path(package) == deb


def test_the_minimal_one_is_built_into_a_folder_of_its_own(tmp_path: Path) -> None:
    package = Package("bookworm", "minimal", tmp_path)
    assert package.build_options == [
        *("--suite", "bookworm", "--profile", "minimal", "--output", str(tmp_path)),
    ]
