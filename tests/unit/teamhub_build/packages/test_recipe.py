"""A package is made once; after that it comes out of the cache."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from teamhub_build.packages.conda_file import CondaPackage
from teamhub_build.packages.recipe import Recipe, link_or_copy, write_package
from teamhub_build.suites import Suite

PACKAGE = CondaPackage(name="app", version="1.0", build="0", subdir="noarch", noarch="python")


@dataclass
class Source:
    """What a recipe is made from; counts how often it is laid out."""

    text: str = "VALUE = 1\n"
    laid_out: int = field(default=0)

    def write_tree(self, tree: Path) -> tuple[str, ...]:
        self.laid_out += 1
        (tree / "site-packages").mkdir()
        (tree / "site-packages/app.py").write_text(self.text, "utf-8")
        return ("app = app:main",)


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    (tmp_path / "channel/noarch").mkdir(parents=True)
    return tmp_path / "channel"


def test_it_lies_in_its_subdir_readable_by_all(channel: Path, tmp_path: Path, suite: Suite) -> None:
    recipe = Recipe(PACKAGE, Source().write_tree, "hash")
    path = write_package(recipe, channel, tmp_path / "cache", suite)
    assert path == channel / "noarch/app-1.0-0.conda"
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_same_input_is_not_made_twice(channel: Path, tmp_path: Path, suite: Suite) -> None:
    source, cache = Source(), tmp_path / "cache"
    recipe = Recipe(PACKAGE, source.write_tree, "hash")
    path = write_package(recipe, channel, cache, suite)
    first = path.read_bytes()
    path.unlink()
    assert write_package(recipe, channel, cache, suite).read_bytes() == first
    assert source.laid_out == 1


@pytest.mark.parametrize(
    ("package", "source_sha256"),
    [(PACKAGE, "another"), (replace(PACKAGE, depends=("other",)), "hash")],
    ids=["another source", "another dependency"],
)
def test_another_input_is_made_anew(
    channel: Path, tmp_path: Path, suite: Suite, package: CondaPackage, source_sha256: str
) -> None:
    source, cache = Source(), tmp_path / "cache"
    for recipe in (
        Recipe(PACKAGE, source.write_tree, "hash"),
        Recipe(package, source.write_tree, source_sha256),
    ):
        write_package(recipe, channel, cache, suite)
    assert source.laid_out == 2


def test_a_package_that_could_not_be_made_leaves_nothing_in_the_cache(
    channel: Path, tmp_path: Path, suite: Suite
) -> None:
    def fail(tree: Path) -> tuple[str, ...]:
        raise OSError(f"no space left for {tree}")

    with pytest.raises(OSError, match="no space left"):
        write_package(Recipe(PACKAGE, fail), channel, tmp_path / "cache", suite)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_on_another_filesystem_is_copied(tmp_path: Path) -> None:
    link_or_copy(Path("/proc/version"), tmp_path / "version")
    assert (tmp_path / "version").read_bytes() == Path("/proc/version").read_bytes()
