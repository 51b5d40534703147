"""A file's hash is that of its content, of whatever size it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from teamhub.environment.conda.hashing import CHUNK_BYTES, file_hash


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_it_is_the_sha256(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(size))
    assert file_hash(str(file)) == hashlib.sha256(bytes(size)).hexdigest()


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert file_hash(str(tmp_path)) == file_hash(str(tmp_path / "absent")) == ""
