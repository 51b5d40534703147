"""A package is used only when it is the one that the lock names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.conda_channel import Channel
from teamhub.environment.conda import packages
from teamhub_build.lock import write_lock
from teamhub_build.suites import EVERY_SUITE
from teamhub_shared import CHANNEL_DIR, LOCK_NAME


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


RECORD = {
    "name": "numpy",
    "version": "1",
    "build": "0",
    "subdir": "noarch",
    "files": [],
    "paths_data": {"paths": []},
}


@given(st.binary() | st.sampled_from([b"[" * 100_000, b"9" * 10_000, b"[]", b"{}"]))
def test_a_record_of_other_bytes_is_none(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    meta = tmp_path_factory.getbasetemp() / "conda-meta"
    meta.mkdir(exist_ok=True)
    (meta / "good.json").write_text(json.dumps(RECORD))
    (meta / "other.json").write_bytes(content)
    assert [record for _, record in packages.records(meta.parent)] == [RECORD, None]


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The text of a lock."""
    folder = tmp_path_factory.mktemp("lock")
    channel = Channel(folder / "channel")
    channel.add("numpy")
    write_lock(channel.folder, folder / "shipped", specs={"hub": ["numpy"]}, suite=EVERY_SUITE,
               channel_url="https://conda.example.org/team")  # fmt: skip
    return (folder / "shipped" / LOCK_NAME).read_bytes()


@given(
    edits=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3), end=st.integers(0)
)
def test_a_damaged_lock_is_named(
    tmp_path_factory: pytest.TempPathFactory,
    lock: bytes,
    edits: list[tuple[int, int]],
    end: int,
) -> None:
    content = bytearray(lock)
    for place, byte in edits:
        content[place % len(content)] = byte
    path = tmp_path_factory.getbasetemp() / LOCK_NAME
    path.write_bytes(content[: end % (2 * len(content))])
    try:
        records = packages.locked_records(path, "hub")
    except packages.CorruptPackage as error:
        said = str(error)
    else:
        assert len(records) <= 1
        return
    assert str(path) in said
    assert "teamhub env repair" in said


def test_the_lock_that_ships_comes_back_by_a_reinstallation() -> None:
    with pytest.raises(packages.CorruptPackage) as refused:
        packages.locked_records(CHANNEL_DIR / "absent" / LOCK_NAME, "hub")
    assert "apt install --reinstall teamhub" in refused.value.remedy
