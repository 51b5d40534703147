"""The record of what a .deb was built of, and what it says when the checkout has changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from teamhub_build.built_of import SOURCES, read_tree, staleness, write_tree


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one file of each source."""
    folder = tmp_path / "checkout"
    for source in SOURCES:
        path = folder / source if "." in source else folder / source / "file"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{source}\n")
    return folder


@pytest.fixture
def deb(tmp_path: Path, checkout: Path) -> Path:
    """A package that was built of the checkout as it is."""
    made = tmp_path / "dist/teamhub_0.1.0~deb12_amd64.deb"
    made.parent.mkdir()
    made.write_bytes(b"a package")
    write_tree(made, read_tree(checkout))
    return made


def test_a_package_of_the_same_files_is_not_stale(checkout: Path, deb: Path) -> None:
    assert staleness(deb, checkout) == ""


def test_a_changed_a_new_and_a_deleted_file_are_named(checkout: Path, deb: Path) -> None:
    (checkout / "src/file").write_text("other\n")
    (checkout / "src/new").touch()
    (checkout / "debian/file").unlink()
    assert staleness(deb, checkout) == (
        "changed since it was built: debian/file, src/file, src/new"
    )


def test_many_changed_files_are_counted(checkout: Path, deb: Path) -> None:
    for number in range(5):
        (checkout / f"src/{number}").touch()
    assert staleness(deb, checkout) == "changed since it was built: src/0, src/1, src/2 and 2 more"


def test_a_package_without_a_record_is_stale(checkout: Path, deb: Path) -> None:
    deb.with_suffix(".tree").unlink()
    assert staleness(deb, checkout) == (
        "teamhub_0.1.0~deb12_amd64.tree, which names the files that it was built of, is missing"
    )


def test_neither_bytecode_nor_what_no_build_reads_makes_it_stale(checkout: Path, deb: Path) -> None:
    for name in ("src/__pycache__/file.pyc", "tests/test_file.py", "docs/file.md"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    assert staleness(deb, checkout) == ""


def test_sha256sum_reads_the_record(checkout: Path, deb: Path) -> None:
    check = ["sha256sum", "--check", "--strict", "--quiet", str(deb.with_suffix(".tree"))]
    assert subprocess.run(check, cwd=checkout, check=False).returncode == 0


def test_all_that_a_build_reads_is_in_the_checkout() -> None:
    names = read_tree(REPOSITORY)
    for source in SOURCES:
        assert any(name == source or name.startswith(f"{source}/") for name in names), source
