"""How one conda package of the embedded channel is made, and the cache of those that were."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.packages.bytecode import suite_python, write_bytecode
from teamhub_build.packages.conda_file import CondaPackage, write_conda
from teamhub_build.packages.debug_info import STRIP
from teamhub_build.suites import Suite


@dataclass(frozen=True)
class Recipe:
    """A package and where its files come from."""

    package: CondaPackage
    #: Lays the files out under a folder; returns the entry points that conda is to write.
    write_tree: Callable[[Path], tuple[str, ...]]
    #: A hash of the inputs; empty where this code is all that the files are made of.
    source_sha256: str = ""


def write_package(recipe: Recipe, channel: Path, cache: Path, suite: Suite) -> Path:
    """Puts the package into `channel`, made anew unless `cache` has it; returns its path.

    Raises TeamhubError where the input cannot become a package.
    """
    cached = cache / f"{_cache_key(recipe, suite)}.conda"
    if not cached.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            tree, made = Path(folder) / "tree", Path(folder) / "made.conda"
            tree.mkdir()
            entry_points = recipe.write_tree(tree)
            for site_packages in _site_packages(tree, suite):
                write_bytecode(site_packages, suite_python(suite))
            write_conda(tree, made, recipe.package, entry_points)
            made.chmod(0o644)
            made.rename(cached)
    package = channel / recipe.package.subdir / recipe.package.filename
    link_or_copy(cached, package)
    return package


def link_or_copy(file: Path, to: Path) -> None:
    """Makes `to` the same file as `file`, or a copy of it on another filesystem."""
    try:
        to.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, to)


def _site_packages(tree: Path, suite: Suite) -> list[Path]:
    folders = [tree / "site-packages", tree / f"lib/python{suite.python}/site-packages"]
    return [folder for folder in folders if folder.is_dir()]


def _cache_key(recipe: Recipe, suite: Suite) -> str:
    package = recipe.package
    ingredients = [_tools(suite), recipe.source_sha256, package.index(), package.summary]
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()


@functools.cache
def _tools(suite: Suite) -> str:
    """A hash of what turns inputs into packages: these modules, their libraries, the compiler."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    for library in ("installer", "zstandard"):
        digest.update(importlib.metadata.version(library).encode())
    for tool, option in ((suite_python(suite), "-VV"), (STRIP, "--version")):
        digest.update(subprocess.check_output([tool, option]))
    return digest.hexdigest()
