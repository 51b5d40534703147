"""Booted servers with the package installed: a fresh one for every module, for every suite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.container import BootedServer, Host
from support.dialogue import Words
from support.hub_client import HubClient
from support.installation import (
    PASSWORDS,
    Installation,
    Target,
    boot_installed,
    boot_plain,
    install,
)
from support.network import Mirror, NameServer, become_private_network
from support.roots import CACHE

BUILD = Path(".build").resolve()
FIGURES: list[str] = []

LogIn = Callable[[str], HubClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--package", action="append", default=[], help="SUITE:PROFILE:DEB")
    parser.addoption(
        "--screenshots", type=Path, help="a folder to put them in; by itself one for each suite"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "profile(name): test the package of this profile")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("profile")
    profile = marker.args[0] if marker else "scientific"
    chosen = [target for target in targets(metafunc.config) if target.profile == profile]
    metafunc.parametrize("target", chosen, ids=str, scope="session")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("figures")
    for figure in FIGURES:
        terminalreporter.line(figure)


def targets(config: pytest.Config) -> list[Target]:
    """What --package named, each with a network of its own: certificates name the address."""
    made = []
    for number, argument in enumerate(config.getoption("--package"), start=1):
        suite, profile, package = argument.split(":", 2)
        name = f"hub-{suite}" if profile == "scientific" else f"hub-{suite}-{profile}"
        host = Host(name, address=f"10.78.{number}.2", gateway=f"10.78.{number}.1")
        made.append(Target(suite, profile, Path(package), host))
    return made


@pytest.fixture(scope="session")
def figure() -> Callable[[str], None]:
    """Takes a measurement, which is printed at the end: machines differ, so none is a test."""
    return FIGURES.append


@pytest.fixture(scope="session", autouse=True)
def _network(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    hosts = [target.host for target in targets(pytestconfig)]
    become_private_network(hosts, tmp_path_factory.mktemp("network") / "hosts")


@pytest.fixture(scope="session")
def mirror(_network: None) -> Iterator[Mirror]:
    served = Mirror(CACHE / "mirror")
    yield served
    served.close()


@pytest.fixture(scope="session")
def names(_network: None) -> NameServer:
    return NameServer()


@pytest.fixture(scope="session")
def installed(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    names: NameServer,
    tmp_path_factory: pytest.TempPathFactory,
    figure: Callable[[str], None],
) -> Iterator[Installation]:
    work = tmp_path_factory.mktemp(f"install-{target}") / "server"
    installation = install(target, work, names)
    figure(f"{target}: apt-get install {installation.seconds_apt:.1f} s, "
           f"to the first login page {installation.seconds_login_page:.1f} s")  # fmt: skip
    yield installation
    shutil.rmtree(work)


@pytest.fixture(scope="module")
def english() -> Words:
    """The words of the dialogue in English, as this checkout has them."""
    return Words(Path("debian/teamhub.templates").read_text("utf-8").replace("\n_", "\n"))


@pytest.fixture(scope="module")
def plain(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BootedServer]:
    """A booted Debian server, for this module, that has never seen teamhub."""
    with boot_plain(target, tmp_path_factory.mktemp(f"plain-{target}")) as server:
        yield server


@pytest.fixture(scope="module")
def server(
    installed: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BootedServer]:
    """The installed server, booted for this module and serving its login page."""
    work = tmp_path_factory.mktemp(f"server-{installed.target}")
    with boot_installed(installed, work) as booted:
        yield booted


@pytest.fixture(scope="module")
def client(server: BootedServer, installed: Installation) -> LogIn:
    """Makes a client that is not signed in yet."""
    return lambda user: HubClient(server.host.url, installed.ca, user)


@pytest.fixture(scope="module")
def sign_in(client: LogIn) -> LogIn:
    """Makes a client of somebody who has signed in."""

    def signed_in(user: str) -> HubClient:
        person = client(user)
        answer = person.log_in(PASSWORDS[user])
        assert answer.status_code == 302, answer.text
        return person

    return signed_in


@pytest.fixture(scope="module")
def zoe(sign_in: LogIn, figure: Callable[[str], None], target: Target) -> Iterator[HubClient]:
    """Zoe, signed in, with her server running."""
    person = sign_in("zoe")
    figure(f"{target}: spawn to ready {person.spawn():.1f} s")
    yield person
    person.stop()
