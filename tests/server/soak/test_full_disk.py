"""A disk is full at an upgrade, at a change of the environment, or under the running hub.

What cannot be done is refused with what to do, and the hub goes on with what was; once there is
room, the same command finishes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.container import BootedServer
from support.environment import TeamChannel, imports
from support.full_disk import fill_up, make_room, put_on_own_disk, take_all
from support.hub_client import HubClient
from support.installation import (
    PASSWORDS,
    Installation,
    Target,
    boot_installed,
    wait_for_login_page,
)
from support.next_version import LATER, Change, write_version
from support.recovery import finish, nothing_is_lost, someone_computes, type_unattended
from support.trials import Count

SECTION = "Full disk"
ENVIRONMENT = "/etc/teamhub/environment.yml"
NEXT = Change(f"{LATER}.2", package="serenity")
#: What is left of each disk, in kB: nothing, or less than is asked for beforehand.
LEFT_KB = {"/opt/teamhub": 4000, "/var/lib/teamhub": 4000, "/etc": 0, "/home": 0, "/tmp": 0}
#: What has files open while it runs.
UNITS = ("teamhub", "teamhub-proxy")
SOAK_ONLY = pytest.mark.soak_only
#: Which disk each work cannot do without, and what it says of it.
REFUSALS = {
    ("add", "/opt/teamhub"): "/opt/teamhub needs",
    ("add", "/etc"): "/etc/teamhub",
    ("upgrade", "/opt/teamhub"): "/opt/teamhub needs",
    ("upgrade", "/var/lib/teamhub"): "/var/lib/teamhub needs",
    ("upgrade", "/etc"): "No space left on device",
    # apt's own
    ("upgrade", "/tmp"): "No space left on device",
}
#: Those that `make test-all` has.
PART = (("add", "/opt/teamhub"), ("upgrade", "/var/lib/teamhub"))


@pytest.fixture(scope="module")
def upgradable(
    installed: Installation, target: Target, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The installed server, which sees the next version."""
    package = write_version(target.package, target.suite, NEXT, tmp_path_factory.mktemp("next"))
    yield replace(installed, target=replace(target, package=package))
    package.unlink()


@pytest.fixture
def command(kind: str, upgradable: Installation, channel: TeamChannel) -> tuple[str, ...]:
    """What an admin types."""
    if kind == "upgrade":
        return ("apt", "install", upgradable.target.package_on_server)
    return ("teamhub", "env", "add", "lazy", "--channel", channel.url)


@pytest.fixture
def small(upgradable: Installation, folder: str, tmp_path: Path) -> Iterator[BootedServer]:
    """An installed server that has this folder on a disk of its own."""
    with boot_installed(upgradable, tmp_path) as server:
        server.run("systemctl", "stop", *UNITS)
        put_on_own_disk(server, folder)
        server.run("systemctl", "start", *UNITS)
        wait_for_login_page(server, upgradable.ca)
        yield server


@pytest.mark.parametrize(
    ("kind", "folder"),
    [
        pytest.param(kind, folder, marks=() if (kind, folder) in PART else SOAK_ONLY)
        for kind in ("add", "upgrade")
        for folder in LEFT_KB
    ],
)
def test_the_hub_serves_and_the_same_command_finishes(
    small: BootedServer,
    command: tuple[str, ...],
    kind: str,
    folder: str,
    installed: Installation,
    trial: Count,
) -> None:
    what = "an upgrade" if kind == "upgrade" else "`teamhub env add`"
    with trial(f"{what} while the disk of `{folder}` is full",
               "it does without, or says what is missing while the hub serves; once there is "
               "room, the same command finishes"):  # fmt: skip
        fill_up(small, folder, LEFT_KB[folder])
        done = type_unattended(small, command)
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        refusal = REFUSALS.get((kind, folder))
        assert (done.returncode == 0) == (refusal is None), said
        assert refusal is None or refusal in said
        someone_computes(small, installed.ca)
        make_room(small, folder)
        finish(small, *command)
        assert imports(small, "serenity" if kind == "upgrade" else "lazy")
        someone_computes(small, installed.ca)
        nothing_is_lost(small, ENVIRONMENT)


@pytest.mark.parametrize(
    "folder",
    [pytest.param(f, marks=() if f == "/var/lib/teamhub" else SOAK_ONLY) for f in LEFT_KB],
)
def test_under_the_running_hub_people_keep_their_servers(
    small: BootedServer, folder: str, installed: Installation, trial: Count
) -> None:
    with trial(f"the disk of `{folder}` fills up under the running hub",
               "the login page serves, people compute on; once there is room, all works without "
               "a restart by hand"):  # fmt: skip
        wash = HubClient(small.host.url, installed.ca, "wash")
        assert wash.log_in(PASSWORDS["wash"]).status_code == 302
        wash.spawn()
        kernel = wash.new_kernel()
        take_all(small, folder)
        zoe = HubClient(small.host.url, installed.ca, "zoe")
        assert zoe.get("/hub/login").status_code == 200
        entered = zoe.log_in(PASSWORDS["zoe"])
        assert "Traceback" not in entered.text
        assert wash.run_cell(kernel, "print(6 * 7)") == "42\n"
        make_room(small, folder)
        assert wash.run_cell(kernel, "print(6 * 8)") == "48\n"
        someone_computes(small, installed.ca)
        nothing_is_lost(small)
        if entered.status_code != 302:
            assert "since its disk is full" in entered.text
            assert "Make room (df -h /var/lib/teamhub)" in small.whole_journal()
