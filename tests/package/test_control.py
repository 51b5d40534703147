"""What the package says of itself, and what it takes from Debian."""

from __future__ import annotations

import pytest

from package.built import REPOSITORY, BuiltPackage
from teamhub_build.release import read_release

#: The bounds in bytes of what a server downloads (the issue's for scientific: 160 MB).
LARGEST = 160_000_000


def test_the_version_is_the_changelogs_with_the_suite(package: BuiltPackage) -> None:
    release = read_release(REPOSITORY / "debian/changelog", package.suite)
    assert package.field("Version") == release.version
    assert package.deb.name == f"teamhub_{release.version}_amd64.deb"


def test_it_is_for_amd64(package: BuiltPackage) -> None:
    # it carries compiled conda packages
    assert package.field("Architecture") == "amd64"


def test_it_wants_the_python_that_its_channel_was_made_for(package: BuiltPackage) -> None:
    suite = package.suite
    python = package.relations("Depends")["python3"]
    assert f"(>= {suite.python}~)" in python
    assert f"(<< {suite.next_python}~)" in python


def test_it_depends_on_all_that_its_scripts_call(package: BuiltPackage) -> None:
    wanted = {"libpam-systemd", "passwd", "python3-cryptography", "sudo", "systemd", "ucf"}
    assert wanted <= package.relations("Depends").keys()
    assert any(name.startswith("debconf") for name in package.relations("Depends"))


def test_it_takes_node_from_debian_only_where_debians_is_new_enough(package: BuiltPackage) -> None:
    assert ("nodejs" in package.relations("Depends")) == bool(package.suite.debian_nodejs)


def test_no_compiler_and_no_pip_come_with_it(package: BuiltPackage) -> None:
    depends = {*package.relations("Depends"), *package.relations("Pre-Depends")}
    tools = {"build-essential", "gcc", "g++", "make", "npm", "python3-pip", "python3-venv"}
    assert not depends & tools


def test_the_description_fits_its_profile(package: BuiltPackage) -> None:
    carries_numpy = any(package.channel.glob("*/numpy-*.conda"))
    assert ("numpy" in package.field("Description")) == carries_numpy


def test_its_size(package: BuiltPackage, capsys: pytest.CaptureFixture[str]) -> None:
    size = package.deb.stat().st_size
    with capsys.disabled():
        print(f"\n{package.deb.name}: {size / 1e6:.1f} MB")
    assert size < LARGEST
