"""The maintscripts as debhelper finished them: sound POSIX sh."""

from __future__ import annotations

import re
import subprocess

import pytest

from package.built import BuiltPackage

SHELLCHECK = ["shellcheck", "--shell=sh", "--severity=warning", "--external-sources"]
MAINTSCRIPTS = ["config", "preinst", "postinst", "prerm", "postrm"]


@pytest.fixture(params=MAINTSCRIPTS)
def script(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_preinst_knows_the_schemas_of_the_hub_that_ships(package: BuiltPackage) -> None:
    text = (package.control / "preinst").read_text("utf-8")
    (revisions,) = re.findall(r'^READABLE=" ([0-9a-f ]+) "$', text, re.MULTILINE)
    # JupyterHub 0.7's, with which its migrations begin
    assert "19c0846f6344" in revisions.split()
    assert len(revisions.split()) > 10


def test_the_package_has_these_and_no_others(package: BuiltPackage) -> None:
    scripts = {path.name for path in package.control.iterdir() if path.stat().st_mode & 0o100}
    assert scripts == {*MAINTSCRIPTS}


def test_shellcheck_finds_nothing(package: BuiltPackage, script: str) -> None:
    # below a warning it only names habits, and what debhelper adds has its own
    done = subprocess.run(
        [*SHELLCHECK, package.control / script],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_checkbashisms_finds_nothing(package: BuiltPackage, script: str) -> None:
    done = subprocess.run(
        ["checkbashisms", "--posix", package.control / script],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_stops_at_the_first_failure(package: BuiltPackage, script: str) -> None:
    assert "\nset -e\n" in (package.control / script).read_text("utf-8")


def test_all_of_debhelpers_parts_are_in(package: BuiltPackage, script: str) -> None:
    assert "#DEBHELPER#" not in (package.control / script).read_text("utf-8")


def test_what_dpkg_has_unpacked_is_on_the_disk_before_the_long_steps(package: BuiltPackage) -> None:
    lines = (package.control / "postinst").read_text("utf-8").splitlines()
    sync = lines.index("\tsync --file-system /etc/teamhub /usr/share/teamhub")
    assert sync < lines.index("\tconfigure")
    # what it calls is above, and runs later
    assert all("teamhub setup" not in line for line in lines[lines.index('case "$1" in') : sync])
