"""The team's repository, which its keyring package names: trusted, refused, upgraded from.

The tests of this module are one story and run in the order in which they stand.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.container import BootedServer
from support.installation import APT, Installation, Target, installed_version, wait_for_login_page
from support.next_version import LATER, Change, write_version
from support.repository import Repository

ORIGINS = 'Unattended-Upgrade::Origins-Pattern { "origin=teamhub"; };\n'
CHANGE = Change(f"{LATER}.2", package="serenity")
SOURCES = "/etc/apt/sources.list.d/teamhub.sources"


@pytest.fixture(scope="module")
def repository(
    server: BootedServer,
    target: Target,
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Repository:
    """The team's repository, with the next version in it; the server has its keyring package."""
    versions = tmp_path_factory.mktemp("versions")
    keyring = repository.write_keyring_package(target.suite, versions)
    repository.install(keyring, server)
    repository.publish(write_version(target.package, target.suite, CHANGE, versions), keyring)
    return repository


def update(server: BootedServer) -> subprocess.CompletedProcess[str]:
    """`apt update` as strict as apt can be; --audit is this setting, which older ones ignore."""
    strict = ("-o", "APT::Update::Error-Mode=any", "-o", "APT::Audit=true")
    return server.run("apt-get", *strict, "update", check=False)


def replace(file: Path, text: str) -> None:
    """Write a file that is newer by its time, too: apt asks for what is, by the second."""
    later = file.stat().st_mtime + 60
    file.write_text(text)
    os.utime(file, (later, later))


def test_the_keyring_package_is_all_that_apt_needs(
    server: BootedServer, repository: Repository
) -> None:
    updated = update(server)
    assert updated.returncode == 0, updated.stderr
    assert repository.url in updated.stdout
    assert [line for line in updated.stderr.splitlines() if repository.url in line] == []
    assert "W:" not in updated.stderr


def test_an_index_that_nobody_has_signed_for_long_is_refused(
    server: BootedServer, repository: Repository
) -> None:
    repository.publish("--refresh", "--valid-days=-1")
    assert "expired" in update(server).stderr
    repository.publish("--refresh")
    assert update(server).returncode == 0


def test_a_tampered_index_is_refused(
    server: BootedServer, repository: Repository, target: Target
) -> None:
    release = repository.folder / f"dists/{target.suite}/InRelease"
    signed = release.read_text()
    replace(release, signed.replace("Label: teamhub", "Label: teamhuh"))
    refused = update(server)
    replace(release, signed)
    assert refused.returncode != 0
    assert repository.url in refused.stderr
    assert update(server).returncode == 0


def test_an_index_without_a_signature_is_refused(
    server: BootedServer, repository: Repository, target: Target
) -> None:
    folder = repository.folder / f"dists/{target.suite}"
    for name in ("InRelease", "Release.gpg"):
        (folder / name).rename(folder / f"{name}.away")
    refused = update(server)
    for name in ("InRelease", "Release.gpg"):
        (folder / f"{name}.away").rename(folder / name)
    assert "no longer signed" in refused.stderr
    assert update(server).returncode == 0


def test_it_upgrades_without_a_question(
    server: BootedServer, repository: Repository, target: Target, installed: Installation
) -> None:
    assert repository.url
    server.run(*APT, "install", "unattended-upgrades", DEBIAN_FRONTEND="noninteractive")
    server.run("tee", "/etc/apt/apt.conf.d/51teamhub", given=ORIGINS)
    done = server.run("unattended-upgrade", "--verbose")
    version = CHANGE.version_for(target.suite)
    shown = installed_version(server)
    assert shown == f"{version} install ok installed", done.stdout + done.stderr
    wait_for_login_page(server, installed.ca)


def test_a_purge_of_the_keyring_package_leaves_nothing(
    server: BootedServer, repository: Repository
) -> None:
    assert repository.url
    assert server.run("test", "-e", SOURCES).returncode == 0
    server.run(*APT, "purge", "teamhub-archive-keyring", DEBIAN_FRONTEND="noninteractive")
    found = server.output("find", "/etc/apt", "/usr/share/keyrings", "-name", "*teamhub*")
    assert found == "/etc/apt/apt.conf.d/51teamhub"
