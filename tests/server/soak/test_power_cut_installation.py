"""The power is cut while apt installs the package: what an admin types then installs all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.disk import PowerCuts, booted_disk, disk_store, fill, mounted, new_disk, sync
from support.installation import APT, PRESEED, Target, give_passwords
from support.network import Mirror, configure_server
from support.recovery import (
    finish,
    nothing_is_lost,
    nothing_serves_without_its_configuration,
    someone_computes,
)
from support.roots import CACHE, server_root
from support.trials import Count, Moment

SECTION = "Power cut"
#: Seconds between two cuts, of about a minute's work.
PAUSE = 0.5
#: Seconds for which cuts go on when apt has said that all is done.
AFTERWARDS = 5


def command(target: Target) -> tuple[str, ...]:
    return ("apt", "install", target.package_on_server)


@pytest.fixture(scope="module")
def cuts(target: Target, mirror: Mirror, work: Path) -> Iterator[PowerCuts]:
    """A plain server's disk as cuts leave it, from the start of `apt install` to a while after."""
    assert mirror.url
    with disk_store(work) as store:
        disk = new_disk(store, "installing")
        with mounted(disk, disk.with_suffix("")) as root:
            fill(root, server_root(target.suite, CACHE))
            configure_server(root, target.host, target.suite)
        made = PowerCuts(disk, PAUSE)
        with booted_disk(disk, target, target.package.parent) as server:
            server.run(*APT, "update")
            server.run("debconf-set-selections", given=PRESEED)
            sync(server.root)
            with made.during_the_block(AFTERWARDS):
                finish(server, *command(target))
        yield made


@pytest.mark.moments(soak=20, part=2)
def test_installed_once_more_nothing_is_lost(
    cuts: PowerCuts,
    target: Target,
    moment: Moment,
    trial: Count,
    figure: Callable[[str], None],
    tmp_path: Path,
) -> None:
    with (
        trial("the power is cut during `apt install`",
              "the same command, after what apt or teamhub names, installs it whole"),
        cuts.after(moment.share) as cut,
        booted_disk(cut.disk, target, target.package.parent) as server,
    ):  # fmt: skip
        nothing_serves_without_its_configuration(server)
        typed = finish(server, *command(target))
        assert len(typed) == 1 or cut.seconds < cuts.done
        figure(f"{target}: power cut {cut.seconds:.1f} s after `apt install`: {'; '.join(typed)}")
        give_passwords(server)
        ca = tmp_path / "ca.crt"
        ca.write_text(server.output("teamhub", "tls", "ca"))
        someone_computes(server, ca)
        nothing_is_lost(server)
