"""The channel inside the package and its lock say the same, byte for byte."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from package.built import BuiltPackage
from teamhub_build.lock import write_lock
from teamhub_build.profiles import PROFILES, requested_specs
from teamhub_build.variant import Variant
from teamhub_shared import CHANNEL_DIR, ENVIRONMENTS, LOCK_NAME, SPECS_NAME

#: Runs apart because py-rattler can abort its interpreter at the exit (its threads outlive it).
READ_LOCK = """
import json, os, sys
from rattler import LockFile
lock = LockFile.from_path(sys.argv[1])
records = {
    name: [
        {"url": str(record.url), "sha256": record.sha256.hex(), "name": record.name.normalized}
        for record in environment.conda_repodata_records()["linux-64"]
    ]
    for name, environment in lock.environments()
}
print(json.dumps(records), flush=True)
os._exit(0)
"""

Lock = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="session")
def lock(package: BuiltPackage) -> Lock:
    """The records of the lock, by environment."""
    done = subprocess.run(
        [sys.executable, "-c", READ_LOCK, package.channel / LOCK_NAME],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    records: Lock = json.loads(done.stdout)
    return records


def test_the_lock_has_the_environments_that_the_server_makes(lock: Lock) -> None:
    assert set(lock) == set(ENVIRONMENTS)


def test_the_lock_names_exactly_the_packages_that_ship(package: BuiltPackage, lock: Lock) -> None:
    named = {record["url"] for records in lock.values() for record in records}
    shipped = {
        f"file://{CHANNEL_DIR}/{path.relative_to(package.channel)}"
        for path in package.channel.glob("*/*.conda")
    }
    assert named == shipped


def test_every_package_has_the_locks_hash(package: BuiltPackage, lock: Lock) -> None:
    pinned = {record["url"]: record["sha256"] for records in lock.values() for record in records}
    found = {
        url: hashlib.sha256((package.root / url.removeprefix("file:///")).read_bytes()).hexdigest()
        for url in pinned
    }
    assert found == pinned


def test_repodata_lists_exactly_the_packages_that_ship(package: BuiltPackage) -> None:
    listed = set()
    for repodata in package.channel.glob("*/repodata.json"):
        packages = json.loads(repodata.read_text("utf-8"))["packages.conda"]
        listed |= {repodata.parent / name for name in packages}
    assert listed == set(package.channel.glob("*/*.conda"))


def test_the_specs_are_those_of_one_profile(package: BuiltPackage) -> None:
    specs = json.loads((package.channel / SPECS_NAME).read_text("utf-8"))
    assert specs in [requested_specs(Variant(package.suite, profile)) for profile in PROFILES]


def test_the_minimal_profile_is_solved_from_what_ships(
    package: BuiltPackage, tmp_path: Path
) -> None:
    """Its own package is built and installed only where everything is tested."""
    specs = requested_specs(Variant(package.suite, "minimal"))
    # raises UnsolvableError
    write_lock(package.channel, tmp_path, specs=specs, suite=package.suite,
               channel_url=CHANNEL_DIR.as_uri())  # fmt: skip
    assert list(tmp_path.glob("*/jupyterlab-*.conda"))
    assert not list(tmp_path.glob("*/numpy-*.conda"))


def test_every_requested_package_is_locked(package: BuiltPackage, lock: Lock) -> None:
    specs = json.loads((package.channel / SPECS_NAME).read_text("utf-8"))
    for environment, wanted in specs.items():
        names = {record["name"] for record in lock[environment]}
        assert {spec.split()[0] for spec in wanted} <= names


@pytest.mark.parametrize("name", [LOCK_NAME, "noarch/repodata.json", "linux-64/repodata.json"])
def test_no_address_of_a_download_is_kept(package: BuiltPackage, name: str) -> None:
    text = Path(package.channel / name).read_text("utf-8")
    assert "http://" not in text
    assert "https://" not in text
