"""From Debian 12 to 13 by `apt full-upgrade`, as docs/repository.md tells it.

The tests of this module are one story and run in the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import APT, Installation, installed_version, wait_for_login_page
from support.network import Mirror
from support.repository import Repository
from teamhub_build.suites import SUITES

LogIn = Callable[[str], HubClient]

OLD, NEW = "bookworm", "trixie"
SOURCES = "/etc/apt/sources.list.d/teamhub.sources"

pytestmark = pytest.mark.suite(OLD)


@pytest.fixture(scope="module")
def repository(
    server: BootedServer,
    packages: dict[str, Path],
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Repository:
    """The team's repository with the packages of both, as the server has it as a source."""
    if NEW not in packages:
        pytest.skip(f"there is no package for {NEW} in this run")
    keyrings = tmp_path_factory.mktemp("keyrings")
    repository.install(repository.write_keyring_package(OLD, keyrings), server)
    repository.publish(packages[OLD], packages[NEW], *keyrings.glob("*.deb"))
    server.run(*APT, "update")
    return repository


@pytest.fixture(scope="module")
def upgraded(
    server: BootedServer,
    repository: Repository,
    sign_in: LogIn,
    installed: Installation,
    figure: Callable[[str], None],
) -> HubClient:
    """Zoe, who has saved a file before, on the upgraded server."""
    assert repository.url
    zoe = sign_in("zoe")
    zoe.spawn()
    zoe.compute("open('log.txt', 'w').write('written on Debian 12')")
    zoe.stop()
    server.run("tee", "/etc/apt/sources.list", given=Mirror.source(f"{OLD}-to-{NEW}"))
    server.run("sed", "--in-place", f"s/{OLD}/{NEW}/g", SOURCES)
    server.run(*APT, "update")
    server.run(*APT, "full-upgrade", DEBIAN_FRONTEND="noninteractive", seconds=900)
    page = wait_for_login_page(server, installed.ca)
    figure(f"{OLD} to {NEW}: login page {page:.1f} s after apt full-upgrade")
    return zoe


def test_the_server_is_debian_13(server: BootedServer, upgraded: HubClient) -> None:
    assert upgraded.user == "zoe"
    assert f"VERSION_CODENAME={NEW}" in server.output("cat", "/etc/os-release")


@pytest.mark.parametrize("package", ["teamhub", "teamhub-archive-keyring"])
def test_each_package_is_the_new_debians(
    server: BootedServer, upgraded: HubClient, package: str
) -> None:
    assert upgraded.user == "zoe"
    shown = installed_version(server, package)
    assert shown.endswith(f"~deb{SUITES[NEW].release} install ok installed")


def test_her_server_has_the_new_python_and_her_file(upgraded: HubClient, sign_in: LogIn) -> None:
    zoe = sign_in(upgraded.user)
    zoe.spawn()
    code = "import sys; print('%d.%d' % sys.version_info[:2], open('log.txt').read())"
    assert zoe.compute(code) == f"{SUITES[NEW].python} written on Debian 12\n"
    zoe.stop()


def test_it_is_there_after_a_reboot_too(
    server: BootedServer, upgraded: HubClient, installed: Installation
) -> None:
    assert upgraded.user == "zoe"
    server.reboot()
    wait_for_login_page(server, installed.ca)
    assert server.output("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
