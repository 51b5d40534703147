"""A folder of wheels and npm's tree become a conda channel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from teamhub_build.channel import write_channel
from teamhub_build.packages.wheel import WheelError
from teamhub_build.suites import SUITES, Suite
from teamhub_shared import TeamhubError
from unit.teamhub_build.conftest import MakeWheel


def write(
    out: Path,
    wheel_folder: Path,
    npm_prefix: Path,
    suite: Suite,
    specs: Sequence[str] | None = None,
) -> list[str]:
    """Writes a channel with a cache of its own; returns the lines of progress."""
    lines: list[str] = []
    write_channel(
        out,
        suite=suite,
        wheels=wheel_folder,
        npm_prefix=npm_prefix,
        cache=out.parent / f"{out.name}-cache",
        progress=lines.append,
        specs=specs,
    )
    return lines


def packages(channel: Path) -> dict[str, dict[str, object]]:
    """The records of all subdirs by file name."""
    found: dict[str, dict[str, object]] = {}
    for repodata in channel.glob("*/repodata.json"):
        found |= json.loads(repodata.read_text("utf-8"))["packages.conda"]
    return found


@pytest.fixture
def channel(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> Path:
    make_wheel("app", requires=["library>=2"], files={"app.py": "def main(): ...\n"})
    make_wheel("library", "2.5", files={"library/__init__.py": "", "library/data.txt": "x"})
    write(tmp_path / "channel", wheel_folder, npm_prefix, suite)
    return tmp_path / "channel"


def test_it_holds_the_wheels_the_proxy_and_debians_programs(channel: Path) -> None:
    names = {str(record["name"]) for record in packages(channel).values()}
    assert {"app", "library", "configurable-http-proxy", "python", "python_abi"} <= names


def test_it_can_hold_only_what_is_asked_for_and_what_that_needs(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    make_wheel("app", requires=["library>=2"])
    make_wheel("library", "2.5", requires=["deeper"])
    make_wheel("deeper", requires=["app"])
    make_wheel("other")
    write(tmp_path / "channel", wheel_folder, npm_prefix, suite, specs=["app >=1"])
    names = {str(record["name"]) for record in packages(tmp_path / "channel").values()}
    assert names == {"app", "library", "deeper", "python", "python_abi"}


def test_repodata_tells_the_hash_and_size_of_every_file(channel: Path) -> None:
    records = packages(channel)
    files = {path.name: path for path in channel.rglob("*.conda")}
    assert set(records) == set(files)
    for name, path in files.items():
        assert records[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert records[name]["size"] == path.stat().st_size


def test_every_package_lies_in_the_subdir_that_it_names(channel: Path) -> None:
    for name, record in packages(channel).items():
        assert (channel / str(record["subdir"]) / name).is_file()


def test_two_channels_made_from_scratch_are_the_same_to_the_byte(
    channel: Path, tmp_path: Path, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    again = tmp_path / "again"
    write(again, wheel_folder, npm_prefix, suite)
    files = [path.relative_to(channel) for path in channel.rglob("*") if path.is_file()]
    assert len(files) == len([path for path in again.rglob("*") if path.is_file()])
    for file in files:
        assert (again / file).read_bytes() == (channel / file).read_bytes()


def test_a_package_that_is_gone_from_the_inputs_is_gone_from_the_channel(
    channel: Path, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    next(wheel_folder.glob("app-*.whl")).unlink()
    write(channel, wheel_folder, npm_prefix, suite)
    assert not list(channel.rglob("app-*"))


def test_progress_counts_every_package(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    make_wheel("app")
    lines = write(tmp_path / "channel", wheel_folder, npm_prefix, suite)
    total = len(packages(tmp_path / "channel"))
    assert [line.split()[0] for line in lines] == [
        f"[{count}/{total}]" for count in range(1, total + 1)
    ]
    assert any(line.endswith(" app 1.0") for line in lines)


def test_two_wheels_of_one_project_are_refused(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    make_wheel("app", "1.0")
    make_wheel("app", "1.1")
    with pytest.raises(WheelError, match="two wheels of app"):
        write(tmp_path / "channel", wheel_folder, npm_prefix, suite)


def test_a_wheel_that_is_broken_stops_the_build_and_is_named(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    make_wheel("app", files={"app.py": ""}, tampered="app.py")
    with pytest.raises(WheelError, match=r"app-1\.0-py3-none-any\.whl"):
        write(tmp_path / "channel", wheel_folder, npm_prefix, suite)


def test_the_channel_of_another_suite_needs_that_suites_python(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> None:
    make_wheel("app", files={"app.py": ""})
    (other,) = (each for each in SUITES.values() if each != suite)
    with pytest.raises(TeamhubError, match=f"/usr/bin/python{other.python} is not here"):
        write(tmp_path / "channel", wheel_folder, npm_prefix, other)
