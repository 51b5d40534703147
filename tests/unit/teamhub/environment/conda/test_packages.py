"""A package is used only when it is the one that the lock names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from teamhub.environment.conda import packages


def test_a_file_with_the_locked_hash_is_accepted(tmp_path: Path) -> None:
    package = tmp_path / "numpy.conda"
    package.write_bytes(b"numpy")
    packages.verify(package, hashlib.sha256(b"numpy").digest())


@pytest.mark.parametrize("locked", [hashlib.sha256(b"other").digest(), None])
def test_a_tampered_file_is_refused_by_name(tmp_path: Path, locked: bytes | None) -> None:
    package = tmp_path / "numpy.conda"
    package.write_bytes(b"numpy")
    with pytest.raises(packages.CorruptPackage, match=r"numpy\.conda"):
        packages.verify(package, locked)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(packages.CorruptPackage, match=r"numpy\.conda: No such file"):
        packages.verify(tmp_path / "numpy.conda", b"")
