"""The lock names what every environment gets, and what it names installs and runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rattler import LockFile, RepoDataRecord

from teamhub_build.channel import write_channel
from teamhub_build.lock import write_lock
from teamhub_build.solver import UnsolvableError
from teamhub_build.suites import Suite
from unit.teamhub_build.conftest import MakeWheel

URL = "file:///usr/share/teamhub/channel"
SPECS = {"hub": ["app"], "user": ["library", "python"]}

#: Installs one environment; py-rattler may abort an interpreter that exits normally.
INSTALL = """
import asyncio, os, sys
from pathlib import Path
from rattler import LockFile, install

lock, environment, channel, prefix, cache = map(Path, sys.argv[1:])
locked = LockFile.from_path(lock).environment(str(environment))
records = locked.conda_repodata_records()["linux-64"]
for record in records:
    record.url = (channel / record.subdir / record.file_name).as_uri()
asyncio.run(install(records, prefix, cache_dir=cache, show_progress=False))
os._exit(0)
"""


@pytest.fixture
def channel(
    tmp_path: Path, make_wheel: MakeWheel, wheel_folder: Path, npm_prefix: Path, suite: Suite
) -> Path:
    module = "import library\n\ndef main():\n    print(library.VALUE)\n"
    abi = f"cp{suite.python.replace('.', '')}"
    tag = f"{abi}-{abi}-manylinux_2_17_x86_64"
    scripts = {"app": "app:main"}
    make_wheel("app", requires=["library>=2"], files={"app.py": module}, console_scripts=scripts)
    make_wheel("library", "2.5", tag=tag, files={"library.py": "VALUE = 'it runs'\n"})
    make_wheel("unwanted")
    make_wheel("too-new", tag="py3-none-manylinux_2_99_x86_64")
    write_channel(
        tmp_path / "channel",
        suite=suite,
        wheels=wheel_folder,
        npm_prefix=npm_prefix,
        cache=tmp_path / "cache",
        progress=print,
    )
    return tmp_path / "channel"


@pytest.fixture
def shipped(channel: Path, tmp_path: Path, suite: Suite) -> Path:
    out = tmp_path / "shipped"
    write_lock(channel, out, specs=SPECS, suite=suite, channel_url=URL)
    return out


def locked(shipped: Path, environment: str) -> list[RepoDataRecord]:
    found = LockFile.from_path(shipped / "teamhub.lock").environment(environment)
    assert found is not None
    return found.conda_repodata_records()["linux-64"]


def test_each_environment_gets_what_it_asks_for_and_what_that_needs(shipped: Path) -> None:
    names = {
        environment: {record.name.normalized for record in locked(shipped, environment)}
        for environment in SPECS
    }
    assert names == {
        "hub": {"app", "library", "python", "python_abi"},
        "user": {"library", "python", "python_abi"},
    }


def test_what_ships_is_what_the_lock_names(shipped: Path) -> None:
    named = {record.file_name for environment in SPECS for record in locked(shipped, environment)}
    repodata = {
        name
        for file in shipped.glob("*/repodata.json")
        for name in json.loads(file.read_text("utf-8"))["packages.conda"]
    }
    assert {path.name for path in shipped.rglob("*.conda")} == named == repodata


def test_a_package_is_at_the_channel_of_the_server(shipped: Path) -> None:
    for record in locked(shipped, "hub"):
        assert record.url == f"{URL}/{record.subdir}/{record.file_name}"
        assert record.sha256 is not None


def test_no_path_of_the_build_machine_is_in_it(shipped: Path, tmp_path: Path) -> None:
    for name in ("teamhub.lock", "specs.json", "noarch/repodata.json", "linux-64/repodata.json"):
        assert str(tmp_path) not in (shipped / name).read_text("utf-8")


def test_the_specs_are_kept_as_they_were_asked_for(shipped: Path) -> None:
    assert json.loads((shipped / "specs.json").read_text("utf-8")) == SPECS


def test_what_it_names_installs_and_runs(shipped: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    cache = tmp_path / "packages"
    arguments = map(str, (shipped / "teamhub.lock", "hub", shipped, prefix, cache))
    subprocess.run([sys.executable, "-c", INSTALL, *arguments], check=True)
    assert subprocess.check_output([prefix / "bin/app"], cwd="/") == b"it runs\n"


def test_a_second_lock_leaves_nothing_of_the_first(
    channel: Path, shipped: Path, suite: Suite
) -> None:
    write_lock(channel, shipped, specs={"hub": ["unwanted"]}, suite=suite, channel_url=URL)
    assert {path.name.partition("-")[0] for path in shipped.rglob("*.conda")} == {
        "unwanted",
        "python",
        "python_abi",
    }


@pytest.mark.parametrize("spec", ["library >=3", "absent", "too-new"])
def test_what_cannot_be_solved_is_named(
    channel: Path, tmp_path: Path, suite: Suite, spec: str
) -> None:
    with pytest.raises(UnsolvableError, match=spec.split()[0]):
        write_lock(channel, tmp_path / "out", specs={"hub": [spec]}, suite=suite, channel_url=URL)
