"""A package built of a conda channel: one for every suite, with a Python and a conda of its own.

The channel is real and on this network; every server here is a plain one, and each test of the thin
package goes on where the one before has left the server.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from support.conda_distribution import CONDA_VERSION, write_distribution
from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import (
    APT,
    PASSWORDS,
    PRESEED,
    Target,
    boot_plain,
    configure,
    give_passwords,
    wait_for_login_page,
)
from support.network import SERVICES, Mirror
from support.settings import complaint
from support.web import Web, corrupted, serve
from teamhub_build.suites import machine_suite
from teamhub_build.variant import Variant
from teamhub_build.workspace import Workspace

pytestmark = pytest.mark.exhaustive

LOGINS = "/etc/teamhub/logins.json"
RATTLER = f'authentication-override-file = "{LOGINS}"\n'
LOGIN = {SERVICES: {"BasicHTTP": {"username": "team", "password": "secret"}}}
#: The same as a browser would send it.
AUTHORIZATION = "Basic dGVhbTpzZWNyZXQ="

#: What `conda create` does, by the library that conda's own solver and installer are made of.
CREATE = """\
import asyncio, os, pathlib, sys
sys.path.append("/usr/lib/teamhub")
from rattler import Gateway, VirtualPackage, install, solve

async def create(channel, prefix, *specs):
    cache = pathlib.Path.home() / ".conda"
    virtual = [package.into_generic() for package in VirtualPackage.detect()]
    records = await solve([channel], specs, gateway=Gateway(cache_dir=cache / "repodata"),
                          platforms=["linux-64", "noarch"], virtual_packages=virtual)
    await install(records, prefix, cache_dir=cache / "pkgs", show_progress=False)

asyncio.run(create(*sys.argv[1:]))
os._exit(0)
"""


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel with all that the package asks for, made of what this machine has built."""
    suite = machine_suite()
    built = Workspace(REPOSITORY).stage(Variant(suite, "scientific")) / "channel"
    folder = tmp_path_factory.mktemp("distribution") / "channel"
    write_distribution(folder, built, suite)
    return folder


@pytest.fixture(scope="module")
def web(distribution: Path, mirror: Mirror) -> Iterator[Web]:  # noqa: ARG001 - makes the network
    with serve(distribution, SERVICES) as served:
        yield served


def build(web: Web, output: Path, *options: str) -> Path:
    """The package that build.py makes of the channel."""
    command = [sys.executable, "build.py", "--channel", web.url, "--profile", "minimal"]
    done = subprocess.run(
        [*command, "--output", output, *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    (deb,) = output.glob("*.deb")
    return deb


@pytest.fixture(scope="module")
def packages(web: Web, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The thin package and the fat one, made while the channel has no faults."""
    return {
        "thin": build(web, tmp_path_factory.mktemp("thin"), "--thin"),
        "fat": build(web, tmp_path_factory.mktemp("fat")),
    }


@pytest.fixture(scope="module")
def thin(packages: dict[str, Path], target: Target) -> Target:
    return replace(target, package=packages["thin"])


@pytest.fixture(scope="module")
def fat(packages: dict[str, Path], target: Target) -> Target:
    return replace(target, package=packages["fat"])


@pytest.fixture(scope="class")
def server(thin: Target, work: Path) -> Iterator[BootedServer]:
    """A plain server with the answers given, for the thin package."""
    with boot_plain(thin, work / "thin") as booted:
        booted.run("debconf-set-selections", given=PRESEED)
        yield booted


def install(server: BootedServer, target: Target) -> subprocess.CompletedProcess[str]:
    command = (*APT, "install", target.package_on_server)
    return server.run(*command, check=False, DEBIAN_FRONTEND="noninteractive")


def sign_in(server: BootedServer) -> HubClient:
    """Zoe, with her server running."""
    ca = server.log.parent / "ca.crt"
    ca.write_text(server.run("teamhub", "tls", "ca").stdout)
    wait_for_login_page(server, ca)
    give_passwords(server)
    zoe = HubClient(server.host.url, ca, "zoe")
    assert zoe.log_in(PASSWORDS["zoe"]).status_code == 302
    try:
        zoe.spawn()
    except AssertionError:
        print(server.journal(lines=100))
        raise
    return zoe


def has_environment(server: BootedServer) -> bool:
    return server.run("test", "-e", "/opt/teamhub/current", check=False).returncode == 0


def files(web: Web) -> list[str]:
    """The packages that the channel has."""
    return [path.name for path in web.folder.glob("*/*.conda")]


class TestThin:
    """The lock alone; the packages come from a channel that wants a login, and has its faults."""

    def test_without_the_login_nothing_comes_and_the_admin_is_told(
        self, server: BootedServer, thin: Target, web: Web
    ) -> None:
        web.authorization = AUTHORIZATION
        words = complaint(install(server, thin))
        assert "401" in words
        assert "authentication-override-file" in words
        assert not has_environment(server)

    def test_a_package_that_has_vanished_is_named(self, server: BootedServer, web: Web) -> None:
        server.run("tee", "/etc/teamhub/rattler.toml", given=RATTLER)
        server.run("install", "--mode=0600", "/dev/null", LOGINS)
        server.run("tee", LOGINS, given=json.dumps(LOGIN))
        name = next(name for name in files(web) if re.match(r"jupyterlab-\d", name))
        web.statuses = {name: 404}
        words = complaint(configure(server))
        assert name in words
        assert "dpkg --configure teamhub" in words
        assert not has_environment(server)

    def test_a_package_with_another_content_is_refused(
        self, server: BootedServer, web: Web
    ) -> None:
        name = next(iter(web.statuses))
        web.statuses = {}
        web.contents[name] = corrupted
        assert name.removesuffix(".conda") in complaint(configure(server))
        assert not has_environment(server)

    def test_after_that_it_finishes_and_fetches_only_what_had_not_come(
        self, server: BootedServer, web: Web
    ) -> None:
        web.contents = {}
        came = server.output("sh", "-c", "cd /opt/teamhub/pkgs && ls -d python-3*/").strip("/")
        before = web.sent[f"{came}.conda"]
        done = configure(server)
        assert done.returncode == 0, done.stderr
        assert before
        assert web.sent[f"{came}.conda"] == before

    def test_what_people_compute_with_is_the_channels_python(self, server: BootedServer) -> None:
        zoe = sign_in(server)
        found = zoe.compute("import os, sys; print(os.path.realpath(sys.executable))")
        assert found.startswith("/opt/teamhub/generations/")
        assert zoe.compute("import jupyterhub; print(6 * 7)") == "42\n"
        assert f"conda {CONDA_VERSION}" in zoe.compute("!conda --version")
        zoe.stop()

    def test_a_conda_environment_of_her_own_is_a_kernel(
        self, server: BootedServer, web: Web
    ) -> None:
        web.authorization = None
        server.run("tee", "/srv/create.py", given=CREATE)
        mine = "/home/zoe/mine"
        create = ("/usr/bin/python3", "/srv/create.py", web.url, mine, "python", "ipykernel")
        server.as_user("zoe", *create, check=True)
        install_kernel = ("-m", "ipykernel", "install", "--user", "--name", "mine")
        server.as_user("zoe", f"{mine}/bin/python", *install_kernel, check=True)
        zoe = sign_in(server)
        assert zoe.compute("import sys; print(sys.prefix)", "mine") == f"{mine}\n"
        zoe.stop()

    def test_the_proxy_runs_on_the_channels_node(self, server: BootedServer) -> None:
        main = server.output("systemctl", "show", "--value", "--property=MainPID", "teamhub-proxy")
        program = server.output("readlink", f"/proc/{main}/exe")
        assert re.search(r"/opt/teamhub/generations/\w+/hub/bin/node$", program)

    def test_pure_packages_have_bytecode_and_conda_knows_the_channel(
        self, server: BootedServer, web: Web
    ) -> None:
        prefix = "/opt/teamhub/current/user"
        compiled = f"ls {prefix}/lib/python3*/site-packages/__pycache__/greeting.*.pyc"
        assert server.output("sh", "-c", compiled)
        assert json.loads(server.output("cat", f"{prefix}/.condarc"))["channels"] == [web.url]
        assert "is as it was made" in server.run("teamhub", "env", "verify").stderr

    def test_the_teams_packages_come_from_the_same_channel(
        self, server: BootedServer, web: Web
    ) -> None:
        server.run("teamhub", "env", "add", "joblib")
        rows = json.loads(server.output("teamhub", "env", "list", "--json"))
        (row,) = (row for row in rows if row["name"] == "joblib")
        assert (row["channel"], row["asked_by"]) == (web.url, "team")


def test_a_fat_package_installs_without_its_channel(fat: Target, web: Web, work: Path) -> None:
    web.close()
    with boot_plain(fat, work / "fat") as server:
        server.run("debconf-set-selections", given=PRESEED)
        done = install(server, fat)
        assert done.returncode == 0, done.stdout + done.stderr
        zoe = sign_in(server)
        assert zoe.compute("print(6 * 7)") == "42\n"
        zoe.stop()
