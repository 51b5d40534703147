"""unattended-upgrades takes a new version from the team's repository, which its package names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import APT, Installation, Target, wait_for_login_page
from support.keys import signing_keys
from support.next_version import Change, write_version
from support.repository import Repository
from teamhub_build.suites import SUITES

LogIn = Callable[[str], HubClient]

ORIGINS = 'Unattended-Upgrade::Origins-Pattern { "origin=teamhub"; };\n'
CHANGE = Change("0.2.0", package="serenity")
SOURCES = "/etc/apt/sources.list.d/teamhub.sources"


@pytest.fixture(scope="module")
def repository(
    server: BootedServer, target: Target, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Repository]:
    """The team's repository, with the next version in it; the server has its keyring package."""
    versions = tmp_path_factory.mktemp("versions")
    with signing_keys(["the team"]) as keys:
        made = Repository(tmp_path_factory.mktemp("repository"), keys)
        keyring = made.write_keyring_package(target.suite, versions)
        made.install(keyring, server)
        made.publish(write_version(target.package, target.suite, CHANGE, versions), keyring)
        yield made
        made.close()


def test_the_keyring_package_is_all_that_apt_needs(
    server: BootedServer, repository: Repository
) -> None:
    updated = server.run("apt-get", "update", "-o", "APT::Update::Error-Mode=any")
    assert repository.url in updated.stdout
    assert "W:" not in updated.stderr
    if "--audit" in server.run("apt-get", "update", "--help", check=False).stdout:
        audited = server.run("apt", "update", "--audit")
        assert "teamhub" not in audited.stderr


def test_it_upgrades_without_a_question(
    server: BootedServer, repository: Repository, target: Target, installed: Installation
) -> None:
    assert repository.url
    server.run(*APT, "install", "unattended-upgrades", DEBIAN_FRONTEND="noninteractive")
    server.run("tee", "/etc/apt/apt.conf.d/51teamhub", given=ORIGINS)
    done = server.run("unattended-upgrade", "--verbose")
    version = f"{CHANGE.version}~deb{SUITES[target.suite].release}"
    shown = server.output("dpkg-query", "--show", "--showformat=${Version} ${Status}", "teamhub")
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
