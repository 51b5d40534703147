"""A .conda file says what is in it, and the same content gives the same bytes."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard
from rattler.package import IndexJson, PathsEntry, PathsJson

from teamhub_build.packages.conda_file import (
    MTIME,
    PREFIX_PLACEHOLDER,
    CondaPackage,
    write_conda,
)

PACKAGE = CondaPackage(
    name="thing",
    version="1.2",
    build="py311_0",
    subdir="linux-64",
    depends=("python >=3.11,<3.12.0a0",),
    constrains=("other >=2",),
    license="MIT",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A program, its alias, a text that names the prefix, and an empty folder."""
    tree = tmp_path / "tree"
    write_sample(tree)
    return tree


def write_sample(tree: Path) -> None:
    (tree / "bin").mkdir(parents=True)
    (tree / "empty").mkdir()
    (tree / "bin/thing").write_text(f"#!{PREFIX_PLACEHOLDER}/bin/python\n", "utf-8")
    (tree / "bin/thing").chmod(0o755)
    (tree / "bin/alias").symlink_to("thing")
    (tree / "data.txt").write_text("data", "utf-8")


def content(conda: Path) -> list[tarfile.TarInfo]:
    """The entries of the package's content."""
    with zipfile.ZipFile(conda) as archive:
        packed = archive.read(f"pkg-{conda.stem}.tar.zst")
    with tarfile.open(fileobj=io.BytesIO(zstandard.decompress(packed))) as tar:
        return tar.getmembers()


def listed(conda: Path) -> dict[str, PathsEntry]:
    """What the package says about its content, by path."""
    entries = PathsJson.from_package_archive(conda).paths
    return {str(entry.relative_path): entry for entry in entries}


@pytest.fixture
def conda(tree: Path, tmp_path: Path) -> Path:
    out = tmp_path / PACKAGE.filename
    write_conda(tree, out, PACKAGE)
    return out


def test_rattler_reads_the_metadata_back(conda: Path) -> None:
    index = IndexJson.from_package_archive(conda)
    assert index.name.normalized == "thing"
    assert str(index.version) == "1.2"
    assert index.depends == list(PACKAGE.depends)
    assert index.constrains == list(PACKAGE.constrains)
    assert index.subdir == "linux-64"


def test_every_file_and_link_is_listed(conda: Path) -> None:
    paths = listed(conda)
    assert set(paths) == {"bin/alias", "bin/thing", "data.txt"}
    assert paths["bin/alias"].path_type.softlink
    assert paths["data.txt"].path_type.hardlink


def test_a_text_that_names_the_prefix_is_marked_for_replacement(conda: Path) -> None:
    paths = listed(conda)
    placeholder = paths["bin/thing"].prefix_placeholder
    assert placeholder is not None
    assert placeholder.placeholder == PREFIX_PLACEHOLDER
    assert paths["data.txt"].prefix_placeholder is None


def test_modes_are_those_of_programs_and_data_whatever_the_builders_umask(
    tree: Path, tmp_path: Path
) -> None:
    (tree / "bin/thing").chmod(0o700)
    (tree / "data.txt").chmod(0o600)
    write_conda(tree, tmp_path / PACKAGE.filename, PACKAGE)
    modes = {entry.name: entry.mode for entry in content(tmp_path / PACKAGE.filename)}
    assert modes == {"bin/alias": 0o777, "bin/thing": 0o755, "data.txt": 0o644}


def test_bytecode_lies_right_behind_its_source(tree: Path, tmp_path: Path) -> None:
    names = ["a.py", "__pycache__/a.cpython-311.pyc", "b.py", "__pycache__/b.cpython-311.pyc"]
    (tree / "__pycache__").mkdir()
    for name in names:
        (tree / name).write_bytes(b"")
    write_conda(tree, tmp_path / PACKAGE.filename, PACKAGE)
    packed = [entry.name for entry in content(tmp_path / PACKAGE.filename)]
    assert [name for name in packed if ".py" in name] == names


def test_every_time_is_the_same(conda: Path) -> None:
    assert {entry.mtime for entry in content(conda)} == {MTIME}


def test_the_same_content_gives_the_same_bytes(conda: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "tree"
    write_sample(again)
    os.utime(again / "data.txt", (0, 0))
    write_conda(again, tmp_path / "again.conda", PACKAGE)
    assert (tmp_path / "again.conda").read_bytes() == conda.read_bytes()
