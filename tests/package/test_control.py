"""What the package says of itself, and what it takes from Debian."""

from __future__ import annotations

import re

from package.built import BuiltPackage
from support.checkout import REPOSITORY
from teamhub_build.packages.node import OLDEST_NODEJS
from teamhub_build.release import read_release

#: What a server downloads at most, in MB; docs/design.md has the measured figures.
LARGEST = {"scientific": 160, "minimal": 90}


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


def test_it_asks_for_no_interpreter_of_one_version(package: BuiltPackage) -> None:
    # what runs on Debian's Python runs on every one: only the channel is made for one
    named = package.relations("Depends").keys()
    assert not [name for name in named if re.fullmatch(r"python3\.\d+", name)]


def test_it_depends_on_all_that_its_scripts_call(package: BuiltPackage) -> None:
    wanted = {"libpam-systemd", "passwd", "sudo", "systemd", "ucf"}
    wanted |= {"python3-cryptography", "python3-packaging", "python3-yaml"}
    assert wanted <= package.relations("Depends").keys()
    assert any(name.startswith("debconf") for name in package.relations("Depends"))


def test_it_takes_from_debian_the_node_that_its_proxy_needs(package: BuiltPackage) -> None:
    assert package.relations("Depends")["nodejs"] == f"(>= {OLDEST_NODEJS})"


def test_no_compiler_and_no_pip_come_with_it(package: BuiltPackage) -> None:
    depends = {*package.relations("Depends"), *package.relations("Pre-Depends")}
    tools = {"build-essential", "gcc", "g++", "make", "npm", "python3-pip", "python3-venv"}
    assert not depends & tools


def test_the_description_fits_its_profile(package: BuiltPackage) -> None:
    assert ("numpy" in package.field("Description")) == carries_numpy(package)


def carries_numpy(package: BuiltPackage) -> bool:
    return any(package.channel.glob("*/numpy-*.conda"))


def test_its_size(package: BuiltPackage) -> None:
    profile = "scientific" if carries_numpy(package) else "minimal"
    assert package.deb.stat().st_size / 1e6 < LARGEST[profile]
