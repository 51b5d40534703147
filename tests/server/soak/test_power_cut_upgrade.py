"""The power is cut during an upgrade: what an admin types then finishes it, and nothing is lost.

The new version has another configuration, and one package more in people's environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.container import BootedServer
from support.disk import PowerCuts, booted_disk, disk_store, installed_disk, sync
from support.environment import imports
from support.hub_client import HubClient
from support.installation import Installation, Target, installed_version, wait_for_login_page
from support.next_version import LATER, Change, write_version
from support.recovery import (
    finish,
    nothing_is_lost,
    nothing_serves_without_its_configuration,
    someone_computes,
)
from support.trials import Count, Moment

SECTION = "Power cut"
#: Seconds between two cuts, of half a minute's work.
PAUSE = 0.25
#: Seconds for which cuts go on when apt has said that all is done.
AFTERWARDS = 5
NEXT = Change(
    f"{LATER}.2",
    config='\nc.JupyterHub.template_vars = {"announcement": "the second version"}\n',
    package="serenity",
)


@pytest.fixture(scope="module")
def version(target: Target, work: Path) -> Path:
    """The next version's package."""
    folder = work / "versions"
    folder.mkdir()
    return write_version(target.package, target.suite, NEXT, folder)


@pytest.fixture(scope="module")
def cuts(installed: Installation, target: Target, work: Path, version: Path) -> Iterator[PowerCuts]:
    """The installed server's disk as cuts leave it, until some seconds after the upgrade."""
    with disk_store(work) as store:
        disk = installed_disk(store, installed)
        made = PowerCuts(disk, PAUSE)
        with booted_disk(disk, target, version.parent) as server:
            wait_for_login_page(server, installed.ca)
            sync(server.root)
            with made.during_the_block(AFTERWARDS):
                upgrade(server, version)
        yield made


def upgrade(server: BootedServer, version: Path) -> list[str]:
    return finish(server, "apt", "install", f"/mnt/{version.name}")


@pytest.mark.moments(soak=20, part=2)
def test_upgraded_once_more_nothing_is_lost(
    cuts: PowerCuts,
    installed: Installation,
    target: Target,
    version: Path,
    moment: Moment,
    trial: Count,
    figure: Callable[[str], None],
) -> None:
    with (
        trial("the power is cut during an upgrade",
              "the same command, after what apt or teamhub names, finishes it; passwords and "
              "certificates are what they were"),
        cuts.after(moment.share) as cut,
        booted_disk(cut.disk, target, version.parent) as server,
    ):  # fmt: skip
        nothing_serves_without_its_configuration(server)
        typed = upgrade(server, version)
        assert len(typed) == 1 or cut.seconds < cuts.done
        figure(
            f"{target}: power cut {cut.seconds:.1f} s after an upgrade began: {'; '.join(typed)}"
        )
        shown = installed_version(server)
        assert shown == f"{NEXT.version_for(target.suite)} install ok installed"
        someone_computes(server, installed.ca)
        assert (
            "the second version"
            in HubClient(server.host.url, installed.ca, "").get("/hub/login").text
        )
        assert imports(server, "serenity")
        nothing_is_lost(server)
