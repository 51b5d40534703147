"""The power is cut while packages are published: servers see a repository before or after, whole.

The cut is on the machine that has the repository's folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.apt_client import Client
from support.disk import PowerCuts, disk_store, mounted, new_disk, sync
from support.installation import Target
from support.keys import signing_keys
from support.network import Mirror
from support.next_version import LATER, Change, write_version
from support.repository import Repository
from support.trials import Count, Moment

SECTION = "Power cut"
#: Seconds between two cuts, of a second's work or two.
PAUSE = 0.02
#: Seconds for which cuts go on when each command has said that all is done.
AFTERWARDS = 0.3


@dataclass
class Published:
    """A repository's disk as cuts leave it, and what was published when."""

    cuts: PowerCuts
    keys: list[str]
    #: What is published last, again after a cut.
    newest: Path
    #: The versions that servers are offered, after so many seconds.
    offered: list[tuple[float, list[str]]]

    def possible(self, seconds: float) -> list[list[str]]:
        """What servers may be offered after a cut: of what was said to be done nothing is lost."""
        done = [number for number, (after, _) in enumerate(self.offered) if after <= seconds]
        return [versions for _, versions in self.offered[done[-1] : done[-1] + 2]]


@pytest.fixture(scope="module")
def published(target: Target, mirror: Mirror, work: Path) -> Iterator[Published]:
    """Two versions published after the first one, and one of them withdrawn."""
    assert mirror.url
    first = target.package.name.split("_")[1]
    changes = [Change(f"{LATER}.2"), Change(f"{LATER}.3")]
    second, third = (change.version_for(target.suite) for change in changes)
    made = [write_version(target.package, target.suite, change, work) for change in changes]
    with disk_store(work) as store, signing_keys(["the team"]) as keys:
        disk = new_disk(store, "repository")
        result = Published(PowerCuts(disk, PAUSE), keys, made[1], [(0.0, [first])])
        with mounted(disk, disk.with_suffix("")) as root:
            repository = Repository(root / "repository", keys)
            repository.publish(target.package)
            sync(root)
            with result.cuts.during_the_block():
                for offered, *arguments in (
                    ([second, first], made[0]),
                    ([third, second], "--keep=2", made[1]),
                    ([third], "--keep=2", "--withdraw", second),
                ):
                    repository.publish(*arguments)
                    result.offered.append((result.cuts.seconds, offered))
                    time.sleep(AFTERWARDS)
            repository.close()
        yield result


@pytest.mark.moments(soak=20, part=2)
def test_servers_see_all_of_one_state_and_publishing_again_finishes(
    published: Published,
    target: Target,
    moment: Moment,
    trial: Count,
    figure: Callable[[str], None],
    tmp_path: Path,
) -> None:
    with (
        trial("the power is cut while `build.py publish` adds packages and takes one out",
              "apt gets all of what was published before, or of the new; what was called done is "
              "there; the same command finishes"),
        published.cuts.after(moment.share) as cut,
        mounted(cut.disk, cut.disk.with_suffix("")) as root,
    ):  # fmt: skip
        repository = Repository(root / "repository", published.keys)
        try:
            versions = offered_whole(repository, target, tmp_path / "before")
            figure(f"{target}: power cut {cut.seconds:.1f} s after publishing began: {versions}")
            assert versions in published.possible(cut.seconds)
            repository.publish(published.newest)
            newest = published.newest.name.split("_")[1]
            assert offered_whole(repository, target, tmp_path / "after")[0] == newest
            left = [path for path in repository.folder.rglob(".*") if path.suffix == ".new"]
            assert left == []
        finally:
            repository.close()


def offered_whole(repository: Repository, target: Target, work: Path) -> list[str]:
    """The versions that a server is offered, each of which it has then downloaded."""
    client = Client(work, repository.url)
    client.use(target.suite, repository.keys)
    assert client.update() == ""
    versions = client.versions()
    for version in versions:
        client.download(f"teamhub={version}", work / version)
    return versions
