"""`apt upgrade` from a repository, while people compute: what changes, and what nobody notices.

The tests of this module are one story and run in the order in which they stand.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.container import BootedServer
from support.environment import current, imports
from support.hub_client import HubClient
from support.installation import APT, CONFIGURE, Target, installed_version
from support.next_version import LATER, Change, write_version
from support.poller import Poller, main_pid, server_processes
from support.repository import Repository
from support.settings import complaint

pytestmark = pytest.mark.every_suite

LogIn = Callable[[str], HubClient]

CONFIG = "/etc/teamhub/jupyterhub_config.py"
SNIPPET = "/etc/teamhub/jupyterhub_config.d/broken.py"
ENVIRONMENT = "/etc/teamhub/environment.yml"
#: No channel has it.
NOWHERE = "no-such-package"
TERMINAL = ("pgrep", "--uid", "wash", "--exact", "bash")


def announcement(text: str) -> str:
    """A line of jupyterhub_config.py by which the login page tells the version."""
    return f'\nc.JupyterHub.template_vars = {{"announcement": "{text}"}}\n'


SECOND = Change(f"{LATER}.2", config=announcement("the second version"), package="serenity")
THIRD = Change(f"{LATER}.3", config=announcement("the third version"))
FOURTH = Change(
    f"{LATER}.4",
    config=announcement("the third version") + "c.JupyterHub.x = 1\n",
    package="serenity",
)


def upgrade(server: BootedServer, *options: str) -> subprocess.CompletedProcess[str]:
    """What an admin types, with nobody there to answer."""
    server.run(*APT, "update")
    return server.run(*APT, *options, "upgrade", check=False, DEBIAN_FRONTEND="noninteractive")


@pytest.fixture(scope="module")
def repository(server: BootedServer, target: Target, repository: Repository) -> Repository:
    """The team's repository with the first version, as the server has it as a source."""
    repository.publish(target.package)
    repository.use(server, target.suite)
    return repository


@pytest.fixture(scope="module")
def make(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Change], Path]:
    folder = tmp_path_factory.mktemp("versions")
    return lambda change: write_version(target.package, target.suite, change, folder)


@dataclass(frozen=True)
class Busy:
    """What went on when the upgrade began, and what it did to it."""

    zoe: HubClient
    wash: HubClient
    kernel: str
    terminal: str
    #: Processes of the proxy and of both servers, and Wash's shell.
    pids: list[str]
    hers: Poller
    login: Poller


def pids(server: BootedServer) -> list[str]:
    """The processes that an upgrade must not touch."""
    servers = [*server_processes(server, "zoe"), *server_processes(server, "wash")]
    return [main_pid(server, "teamhub-proxy"), *servers, *server.output(*TERMINAL).split()]


@pytest.fixture(scope="module")
def busy(
    server: BootedServer,
    target: Target,
    repository: Repository,
    make: Callable[[Change], Path],
    sign_in: LogIn,
    client: LogIn,
    figure: Callable[[str], None],
) -> Busy:
    """Zoe with a kernel and Wash with a terminal, after the upgrade."""
    zoe, wash = sign_in("zoe"), sign_in("wash")
    zoe.spawn()
    wash.spawn()
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "value = 41")
    terminal = wash.server_api("POST", "terminals").json()["name"]
    before = pids(server)
    repository.publish(make(SECOND))
    stranger = client("nobody")
    with Poller(zoe, "/user/zoe/api/status") as hers, Poller(stranger, "/hub/login") as login:
        done = upgrade(server)
    assert done.returncode == 0, done.stdout + done.stderr
    figure(
        f"{target}: apt upgrade: {hers.requests} requests to a person's server, "
        f"{len(hers.failures)} failed; login page away {login.gap:.1f} s; "
        f"processes before {' '.join(before)}, after {' '.join(pids(server))}"
    )
    return Busy(zoe, wash, kernel, terminal, before, hers, login)


def test_the_new_version_is_installed(busy: Busy, server: BootedServer, target: Target) -> None:
    assert busy.hers.requests
    assert installed_version(server) == f"{SECOND.version_for(target.suite)} install ok installed"


def test_her_kernel_has_its_variable_still(busy: Busy) -> None:
    assert busy.zoe.run_cell(busy.kernel, "print(value + 1)") == "42\n"


def test_his_terminal_is_open_still(busy: Busy) -> None:
    terminals = busy.wash.server_api("GET", "terminals").json()
    assert [terminal["name"] for terminal in terminals] == [busy.terminal]


def test_servers_terminal_and_proxy_are_the_same_processes(
    busy: Busy, server: BootedServer
) -> None:
    assert pids(server) == busy.pids


def test_no_request_to_her_server_failed(busy: Busy) -> None:
    assert busy.hers.failures == []


def test_the_login_page_came_back(busy: Busy, client: LogIn) -> None:
    assert busy.login.requests > len(busy.login.failures)
    assert client("nobody").get("/hub/login").status_code == 200


def test_a_configuration_that_nobody_touched_is_the_new_one(busy: Busy, client: LogIn) -> None:
    assert busy.hers.requests
    assert "the second version" in client("nobody").get("/hub/login").text


def test_a_new_server_has_the_new_environment(busy: Busy, server: BootedServer) -> None:
    assert imports(server, "serenity")
    busy.zoe.stop()
    busy.zoe.spawn()
    assert busy.zoe.compute("import serenity; print(serenity.VERSION)") == "1.0\n"


@pytest.fixture(scope="module")
def touched(
    busy: Busy, server: BootedServer, repository: Repository, make: Callable[[Change], Path]
) -> subprocess.CompletedProcess[str]:
    """An upgrade that brings another jupyterhub_config.py than the one that the admin changed."""
    assert busy.hers.requests
    server.run("sed", "--in-place", "s/the second version/our own words/", CONFIG)
    repository.publish(make(THIRD))
    return upgrade(server)


def test_dpkg_asks_about_a_configuration_that_was_touched(
    touched: subprocess.CompletedProcess[str],
) -> None:
    assert touched.returncode != 0
    assert f"Configuration file '{CONFIG}'" in touched.stderr
    assert "end of file on stdin at conffile prompt" in touched.stdout + touched.stderr


def test_the_hub_goes_on_while_the_question_is_open(
    touched: subprocess.CompletedProcess[str], client: LogIn
) -> None:
    assert touched.returncode != 0
    assert client("nobody").get("/hub/login").status_code == 200


def test_the_old_configuration_works_with_the_new_version(
    touched: subprocess.CompletedProcess[str], server: BootedServer, target: Target, client: LogIn
) -> None:
    assert touched.returncode != 0
    server.run("dpkg", "--force-confold", *CONFIGURE[1:], DEBIAN_FRONTEND="noninteractive")
    assert installed_version(server) == f"{THIRD.version_for(target.suite)} install ok installed"
    assert not imports(server, "serenity")
    assert "our own words" in client("nobody").get("/hub/login").text


@pytest.fixture(scope="module")
def good_environment(touched: subprocess.CompletedProcess[str], server: BootedServer) -> str:
    """The generation that works."""
    assert touched.returncode != 0
    return current(server)


@pytest.fixture(scope="module")
def broken(
    good_environment: str,
    server: BootedServer,
    repository: Repository,
    make: Callable[[Change], Path],
) -> subprocess.CompletedProcess[str]:
    """An upgrade while a package of the team is nowhere, and a snippet is broken."""
    assert good_environment
    server.run("sed", "--in-place", f"s/^dependencies: .*/dependencies: [{NOWHERE}]/", ENVIRONMENT)
    server.run("tee", SNIPPET, given="c.Spawner.http_timeout = 'soon'\n")
    repository.publish(make(FOURTH))
    return upgrade(server, "-o", "Dpkg::Options::=--force-confold")


def test_a_bad_environment_stops_the_upgrade_by_name(
    broken: subprocess.CompletedProcess[str], server: BootedServer, good_environment: str
) -> None:
    assert broken.returncode != 0
    assert NOWHERE in complaint(broken)
    assert "half-configured" in installed_version(server)
    assert current(server) == good_environment


def test_a_broken_snippet_stops_it_by_name(
    broken: subprocess.CompletedProcess[str], server: BootedServer, good_environment: str
) -> None:
    assert broken.returncode != 0
    server.run("sed", "--in-place", "s/^dependencies: .*/dependencies: []/", ENVIRONMENT)
    stopped = server.run(*CONFIGURE, check=False, DEBIAN_FRONTEND="noninteractive")
    assert SNIPPET in complaint(stopped)
    assert "half-configured" in installed_version(server)
    assert current(server) == good_environment


def test_the_old_hub_goes_on_serving(
    broken: subprocess.CompletedProcess[str], busy: Busy, sign_in: LogIn
) -> None:
    assert broken.returncode != 0
    assert sign_in("wash").is_signed_in()
    assert busy.wash.server_api("GET", "terminals").status_code == 200


def test_dpkg_finishes_after_the_repair(
    broken: subprocess.CompletedProcess[str], server: BootedServer, target: Target, client: LogIn
) -> None:
    assert broken.returncode != 0
    server.run("rm", SNIPPET)
    server.run(*CONFIGURE, DEBIAN_FRONTEND="noninteractive")
    assert installed_version(server) == f"{FOURTH.version_for(target.suite)} install ok installed"
    assert client("nobody").get("/hub/login").status_code == 200


def test_the_first_version_comes_back(
    broken: subprocess.CompletedProcess[str], server: BootedServer, target: Target, sign_in: LogIn
) -> None:
    """By `apt install teamhub=VERSION`, as after a bad release."""
    assert broken.returncode != 0
    first = target.package.name.split("_")[1]
    server.run(*APT, "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold",
               "install", f"teamhub={first}", DEBIAN_FRONTEND="noninteractive")  # fmt: skip
    assert installed_version(server) == f"{first} install ok installed"
    zoe = sign_in("zoe")
    zoe.stop()
    zoe.spawn()
    assert zoe.compute("print(6 * 7)") == "42\n"
    zoe.stop()


def test_versions_can_be_skipped(
    broken: subprocess.CompletedProcess[str], server: BootedServer, target: Target, client: LogIn
) -> None:
    """From the first to the last, with two between."""
    assert broken.returncode != 0
    assert upgrade(server, "-o", "Dpkg::Options::=--force-confold").returncode == 0
    assert installed_version(server) == f"{FOURTH.version_for(target.suite)} install ok installed"
    assert client("nobody").get("/hub/login").status_code == 200
