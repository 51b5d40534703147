"""Nothing in the package tells where it was built, not even inside what is compressed in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from package.built import BuiltPackage
from support.checkout import REPOSITORY
from teamhub_build.root import CHECKOUT

#: The checkout on this machine and in a clean root, and where unpacked parts of it lie.
BUILD_PATHS = [str(path).encode() for path in (REPOSITORY, CHECKOUT)]


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file; of a .conda, what its archives hold once they are decompressed."""
    if path.suffix != ".conda":
        yield path.name, path.read_bytes()
        return
    with zipfile.ZipFile(path) as conda:
        for name in conda.namelist():
            data = conda.read(name)
            if name.endswith(".zst"):
                with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as stream:
                    data = stream.read()
            yield f"{path.name}:{name}", data


def test_no_build_path_is_inside(package: BuiltPackage) -> None:
    files = [path for path in package.folder.rglob("*") if path.is_file()]
    found = [
        name
        for path in files
        for name, data in contents(path)
        if any(build_path in data for build_path in BUILD_PATHS)
    ]
    assert found == []


def test_the_search_sees_into_conda_packages(tmp_path: Path) -> None:
    inner = zstandard.ZstdCompressor().compress(b"x" + BUILD_PATHS[0])
    with zipfile.ZipFile(tmp_path / "a.conda", "w") as conda:
        conda.writestr("pkg-a.tar.zst", inner)
    [(name, data)] = contents(tmp_path / "a.conda")
    assert name == "a.conda:pkg-a.tar.zst"
    assert BUILD_PATHS[0] in data


@pytest.mark.parametrize("suffix", [".pyc", ".egg-info"])
def test_debians_own_python_compiles_on_the_server(package: BuiltPackage, suffix: str) -> None:
    assert [path for path in package.entries if path.endswith(suffix)] == []
