"""The power is cut during a change of the environment: people compute in the one before or the new.

Nobody types anything before they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.container import BootedServer
from support.disk import PowerCuts, booted_disk, disk_store, installed_disk, sync
from support.environment import TeamChannel, imports, is_as_it_was_made
from support.installation import Installation, Target, wait_for_login_page
from support.recovery import finish, nothing_is_lost, someone_computes
from support.trials import Count, Moment

SECTION = "Power cut"
ENVIRONMENT = "/etc/teamhub/environment.yml"
#: Seconds between two cuts, of ten seconds' work.
PAUSE = 0.1
#: Seconds for which cuts go on when the command has said that all is done.
AFTERWARDS = 3


@pytest.fixture(scope="module")
def cuts(
    installed: Installation, target: Target, work: Path, channel: TeamChannel
) -> Iterator[PowerCuts]:
    """The installed server's disk as cuts leave it, from the start of a change to a while after."""
    with disk_store(work) as store:
        disk = installed_disk(store, installed)
        made = PowerCuts(disk, PAUSE)
        with booted_disk(disk, target, target.package.parent) as server:
            wait_for_login_page(server, installed.ca)
            sync(server.root)
            with made.during_the_block(AFTERWARDS):
                change(server, channel)
        yield made


def change(server: BootedServer, channel: TeamChannel) -> list[str]:
    return finish(server, "teamhub", "env", "add", "lazy", "--channel", channel.url)


@pytest.mark.moments(soak=20, part=2)
def test_people_compute_at_once_and_the_change_can_be_done(
    cuts: PowerCuts,
    installed: Installation,
    target: Target,
    channel: TeamChannel,
    moment: Moment,
    trial: Count,
    figure: Callable[[str], None],
) -> None:
    with (
        trial("the power is cut during `teamhub env add`",
              "people compute in the environment before or in the new one, both whole; the same "
              "command makes the new one"),
        cuts.after(moment.share) as cut,
        booted_disk(cut.disk, target, target.package.parent) as server,
    ):  # fmt: skip
        someone_computes(server, installed.ca)
        assert is_as_it_was_made(server)
        is_new = imports(server, "lazy")
        assert is_new or cut.seconds < cuts.done
        typed = change(server, channel)
        figure(f"{target}: power cut {cut.seconds:.1f} s after `teamhub env add`: the "
               f"{'new' if is_new else 'old'} environment; {'; '.join(typed)}")  # fmt: skip
        assert imports(server, "lazy")
        someone_computes(server, installed.ca)
        nothing_is_lost(server, ENVIRONMENT)
