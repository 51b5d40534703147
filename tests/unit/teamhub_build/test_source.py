"""The Debian source tree that a build lays out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from teamhub_build.release import Release
from teamhub_build.repodata import empty_channel, write_repodata
from teamhub_build.source import (
    clamp_times,
    proxy_digest,
    unpack_packages,
    write_debian_folder,
    write_dep8_client,
    write_python_source,
)
from teamhub_build.suites import SUITES

RELEASE = Release(SUITES["bookworm"], "4.5.6", 1767225600)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "debian").mkdir(parents=True)
    (folder / "debian/changelog").write_text(
        "teamhub (4.5.6) unstable; urgency=low\n\n  * New.\n\n"
        " -- A <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n"
    )
    (folder / "maintscripts").mkdir()
    return folder


def ship(checkout: Path, **hashes: str) -> None:
    """Write the repodata of a channel that ships these packages."""
    empty_channel(checkout / "channel")
    records = [
        {"fn": f"{name}-1.0-0.conda", "name": name, "subdir": "noarch", "sha256": sha256}
        for name, sha256 in hashes.items()
    ]
    write_repodata(checkout / "channel", records)


class TestDebianFolder:
    """debian/ of one suite."""

    def test_maintscripts_get_the_names_that_debhelper_looks_for(
        self, checkout: Path, tmp_path: Path
    ) -> None:
        (checkout / "maintscripts/postinst.j2").write_text("#!/bin/sh\n# {{ suite.codename }}\n")
        (checkout / "maintscripts/config").write_text("#!/bin/sh\n")
        (checkout / "maintscripts/README").write_text("not a maintscript\n")
        write_debian_folder(tmp_path / "debian", checkout, RELEASE, {"suite": SUITES["bookworm"]})
        assert sorted(path.name for path in (tmp_path / "debian").iterdir()) == [
            "changelog",
            "teamhub.config",
            "teamhub.postinst",
        ]
        assert "# bookworm" in (tmp_path / "debian/teamhub.postinst").read_text()

    def test_the_changelog_names_the_suite(self, checkout: Path, tmp_path: Path) -> None:
        write_debian_folder(tmp_path / "debian", checkout, RELEASE, {})
        first = (tmp_path / "debian/changelog").read_text().splitlines()[0]
        assert first == "teamhub (4.5.6~deb12) bookworm; urgency=low"

    def test_so_do_the_news(self, checkout: Path, tmp_path: Path) -> None:
        shutil.copy(checkout / "debian/changelog", checkout / "debian/NEWS")
        write_debian_folder(tmp_path / "debian", checkout, RELEASE, {})
        first = (tmp_path / "debian/NEWS").read_text().splitlines()[0]
        assert first == "teamhub (4.5.6~deb12) bookworm; urgency=low"


class TestDep8Client:
    """What the DEP-8 test finds next to debian/."""

    def test_the_client_needs_nothing_else_of_the_tests(self, tmp_path: Path) -> None:
        write_dep8_client(tmp_path / "tests/support", REPOSITORY)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "tests")}
        found = subprocess.run(
            [sys.executable, "-c", "from support import hub_client; print(hub_client.__file__)"],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        assert found.stdout.strip() == str(tmp_path / "tests/support/hub_client.py")


class TestProxyDigest:
    """What tells one proxy from another."""

    @pytest.fixture
    def repository(self, checkout: Path) -> Path:
        (checkout / "debian/teamhub.teamhub-proxy.service.j2").write_text("[Service]\n")
        (checkout / "src/programs").mkdir(parents=True)
        (checkout / "src/programs/proxy").write_text("#!/bin/sh\n")
        (checkout / "src/programs/mediator.py").write_text("pass\n")
        ship(checkout, nodejs="1", numpy="1")
        return checkout

    @pytest.mark.parametrize(
        "path",
        [
            "debian/teamhub.teamhub-proxy.service.j2",
            "src/programs/proxy",
            "src/programs/proxy-redirect.cjs",
        ],
    )
    def test_it_changes_with_what_the_proxy_runs(self, repository: Path, path: str) -> None:
        before = proxy_digest(repository, repository / "channel")
        (repository / path).write_text("another")
        assert proxy_digest(repository, repository / "channel") != before

    def test_it_stays_when_anything_else_changes(self, repository: Path) -> None:
        before = proxy_digest(repository, repository / "channel")
        (repository / "src/programs/mediator.py").write_text("another")
        assert proxy_digest(repository, repository / "channel") == before

    def test_it_changes_with_the_proxys_packages_alone(self, repository: Path) -> None:
        before = proxy_digest(repository, repository / "channel")
        ship(repository, nodejs="1", numpy="2")
        assert proxy_digest(repository, repository / "channel") == before
        ship(repository, nodejs="2", numpy="2")
        assert proxy_digest(repository, repository / "channel") != before


class TestPythonSource:
    """What stdeb makes of src/."""

    def test_stdeb_packs_the_servers_code_and_none_of_the_builds(
        self, checkout: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(REPOSITORY / "src", checkout / "src")
        work = tmp_path / "work"
        tree = write_python_source(work, checkout, RELEASE, log=tmp_path / "log")
        assert tree == work / "teamhub-4.5.6"
        wanted = {
            path.relative_to(REPOSITORY / "src")
            for package in ("teamhub", "teamhub_shared")
            for path in (REPOSITORY / "src").glob(f"{package}/**/*.py")
        }
        packed = {path.relative_to(tree) for path in tree.glob("**/*.py")}
        assert packed == {*wanted, Path("setup.py")}


class TestVendoredPackages:
    """What the server gets out of a wheel."""

    def test_a_wheels_packages_are_unpacked_without_its_metadata(self, tmp_path: Path) -> None:
        wheel = tmp_path / "a-1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("a/__init__.py", "")
            archive.writestr("a-1.dist-info/RECORD", "")
        umask = os.umask(0o077)
        try:
            unpack_packages(wheel, tmp_path / "target")
        finally:
            os.umask(umask)
        assert [path.name for path in (tmp_path / "target").iterdir()] == ["a"]
        assert (tmp_path / "target/a").stat().st_mode & 0o777 == 0o755
        assert (tmp_path / "target/a/__init__.py").stat().st_mode & 0o777 == 0o644


def test_every_file_folder_and_link_gets_the_changelogs_time(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").touch()
    (tmp_path / "folder/link").symlink_to("nowhere")
    clamp_times(tmp_path, 1767225600)
    times = {path.lstat().st_mtime for path in [tmp_path, *tmp_path.rglob("*")]}
    assert times == {1767225600}
