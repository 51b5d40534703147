"""What a generation was made of is read as it was written."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.environment.conda.packages import locked_records
from teamhub.environment.store import manifest
from teamhub.environment.store.damaged import DamagedStore
from teamhub.environment.store.manifest import Manifest, Package, PipPackage
from teamhub.environment.team.file import TeamPackages
from teamhub_shared import CHANNEL_DIR, LOCK_NAME
from unit.teamhub.environment.conftest import Server

MADE = Manifest(
    number=7,
    time="2025-01-02T03:04:05Z",
    reason="apply",
    inputs="inputs",
    shipped="lock",
    team=TeamPackages(("conda-forge",), ("polars >=1", "xarray"), ("thing ==1.4",)),
    carried=TeamPackages((), ("extra ==1.0",), ()),
    packages=(Package("polars", "1.0", "py311_0", "https://conda.example.org/conda-forge"),),
    pip_packages=(PipPackage("thing", "1.4", "https://example.org/thing.whl", "12ab"),),
    distributions=("lib/python3.11/site-packages/thing-1.4.dist-info",),
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    manifest.write(tmp_path, MADE)
    assert manifest.read(tmp_path) == MADE


def test_no_field_is_left_at_the_value_of_another_generation(tmp_path: Path) -> None:
    nothing = TeamPackages()
    empty = dataclasses.replace(
        MADE, team=nothing, carried=nothing, packages=(), pip_packages=(), distributions=()
    )
    manifest.write(tmp_path, MADE)
    manifest.write(tmp_path, empty)
    assert manifest.read(tmp_path) == empty


def test_anyone_can_read_it_and_so_can_other_programs(tmp_path: Path) -> None:
    manifest.write(tmp_path, MADE)
    file = tmp_path / manifest.NAME
    assert file.stat().st_mode & 0o777 == 0o644
    assert json.loads(file.read_text())["team"]["specs"] == ["polars >=1", "xarray"]


def test_it_names_the_packages_as_the_lock_does(server: Server) -> None:
    records = locked_records(server.current / LOCK_NAME, "user")
    found = sorted(map(manifest.package, records), key=lambda package: package.name)
    assert found == [
        Package("jupyterhub", "6.1.1", "0", CHANNEL_DIR.as_uri()),
        Package("library", "2.0", "0", CHANNEL_DIR.as_uri()),
    ]
    assert tuple(found) == tuple(
        sorted(manifest.read(server.current).packages, key=lambda p: p.name)
    )


def test_a_packages_stem_is_the_name_of_its_record(server: Server) -> None:
    records = {path.stem for path in (server.current / "user/conda-meta").glob("*.json")}
    assert {package.stem for package in manifest.read(server.current).packages} == records


SAID: dict[str, object] = json.loads(json.dumps(dataclasses.asdict(MADE)))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*SAID, "other"]), JUNK, max_size=2))
def test_a_field_of_another_kind_is_damage(
    tmp_path_factory: pytest.TempPathFactory, changed: dict[str, object]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / manifest.NAME).write_text(json.dumps({**SAID, **changed}))
    try:
        made = manifest.read(folder)
    except DamagedStore as error:
        assert manifest.NAME in error.problem  # noqa: PT017 - the change may be of the right kind
        return
    assert type(made.number) is int
    assert all(isinstance(word, str) for word in (made.time, *made.team.specs, *made.distributions))
    assert all(isinstance(package.version, str) for package in made.packages)
    manifest.write(folder, made)
    assert manifest.read(folder) == made


@given(st.binary() | st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000]))
def test_other_bytes_are_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / manifest.NAME).write_bytes(content)
    with pytest.raises(DamagedStore, match=manifest.NAME):
        manifest.read(folder)
