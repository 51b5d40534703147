"""What was done by hand is taken over where that is possible, and named where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub.environment.by_hand import carry_over, changes
from teamhub.environment.by_hand.carry_over import ChangedByHand
from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.store import generations
from teamhub.environment.store.manifest import Package, PipPackage
from teamhub.environment.team.file import TeamPackages
from unit.teamhub.environment.conftest import Server

CHANNEL = "https://conda.example.org/team"
POLARS = Package("polars", "1.0", "0", CHANNEL)
THING = PipPackage("thing", "1.4", "", "")
#: One of every kind.
ALL = Changes(
    conda_added=(POLARS,),
    conda_removed=("gone",),
    pip_added=(THING,),
    pip_removed=("lost",),
    edited={"library": ["share/a"]},
    missing={"library": ["share/b"]},
    unknown=("share/notes",),
)


def test_every_change_is_described_by_a_line_of_its_own() -> None:
    assert carry_over.describe(ALL) == [
        "installed with conda: polars 1.0",
        "removed with conda: gone",
        "installed with pip: thing 1.4",
        "removed with pip: lost",
        "changed: library: share/a",
        "removed: library: share/b",
        "of no package: share/notes",
    ]


def test_what_was_installed_is_not_lost_and_all_else_is() -> None:
    assert carry_over.losses(ALL) == [
        "gone: removed with conda",
        "lost: removed with pip",
        "library: changed: share/a",
        "library: removed: share/b",
        "of no package: share/notes",
    ]


def test_the_files_of_a_package_that_was_replaced_or_removed_go_with_it() -> None:
    found = Changes(
        conda_added=(POLARS,),
        conda_removed=("gone",),
        pip_removed=("lost",),
        edited={"polars": ["a"]},
        missing={"gone": ["b"], "lost": ["c"]},
    )
    assert carry_over.losses(found) == ["gone: removed with conda", "lost: removed with pip"]


@pytest.mark.parametrize(
    ("count", "expected"), [(5, "0, 1, 2, 3, 4"), (7, "0, 1, 2, 3, 4 and 2 more")]
)
def test_of_many_files_a_few_are_named(count: int, expected: str) -> None:
    found = Changes(edited={"library": [str(number) for number in range(count)]})
    assert carry_over.losses(found) == [f"library: changed: {expected}"]


def test_a_loss_is_refused_with_what_to_type() -> None:
    with pytest.raises(ChangedByHand, match="share/notes") as caught:
        carry_over.refuse_losses(ALL)
    assert "teamhub env apply --discard" in caught.value.remedy


def test_what_can_be_kept_is_not_refused() -> None:
    carry_over.refuse_losses(Changes(conda_added=(POLARS,), pip_added=(THING,)))


class TestPackages:
    """What the next generation is to have."""

    def kept(self, server: Server) -> TeamPackages:
        current = generations.read(server.current)
        return carry_over.packages(changes.find_packages(current), current, server.layout)

    def test_nothing_where_nothing_was_installed(self, server: Server) -> None:
        assert self.kept(server) == TeamPackages()

    def test_condas_with_their_version_and_channel(self, server: Server, other: Channel) -> None:
        server.install_with_conda(other, "extra")
        assert self.kept(server) == TeamPackages((other.url,), ("extra ==1.0",), ())

    def test_without_the_channel_that_ships(self, server: Server, embedded: Channel) -> None:
        embedded.add("late")
        server.ship()
        server.install_with_conda(embedded, "late")
        record = server.current / "user/conda-meta/late-1.0-0.json"
        shipped = record.read_text().replace(embedded.url, server.layout.channel.as_uri())
        record.write_text(shipped)
        assert self.kept(server) == TeamPackages((), ("late ==1.0",), ())

    def test_those_that_were_asked_for_without_those_that_came_along(
        self, server: Server, other: Channel
    ) -> None:
        other.add("helper")
        other.add("wanted", depends=["helper"])
        server.install_with_conda(other, "wanted", noted=True)
        assert self.kept(server) == TeamPackages((other.url,), ("wanted ==1.0",), ())

    def test_all_of_them_where_conda_did_not_note_which(
        self, server: Server, other: Channel
    ) -> None:
        other.add("helper")
        other.add("wanted", depends=["helper"])
        server.install_with_conda(other, "wanted")
        assert self.kept(server).specs == ("helper ==1.0", "wanted ==1.0")

    def test_pips_with_their_version(self, server: Server) -> None:
        info = server.current / "user/lib/python3.11/site-packages/thing-1.4.dist-info"
        info.mkdir(parents=True)
        assert self.kept(server) == TeamPackages((), (), ("thing==1.4",))

    def test_and_those_that_an_upgrade_has_carried_before(
        self, server: Server, embedded: Channel, other: Channel
    ) -> None:
        server.install_with_conda(other, "extra")
        embedded.add("library", "3.0")
        server.ship()
        server.configure()
        assert not changes.find_packages(generations.read(server.current))
        assert self.kept(server) == TeamPackages((other.url,), ("extra ==1.0",), ())


def test_environment_yml_says_them_then(tmp_path: Path) -> None:
    carried = TeamPackages((CHANNEL,), ("polars ==1.0",), ("thing==1.4",))
    text = "# ours\ndependencies:\n  - polars\n"
    assert carry_over.into_text(text, tmp_path / "environment.yml", carried) == (
        "# ours\n"
        "dependencies:\n"
        "  - polars ==1.0\n"
        "  - pip:\n"
        "      - thing==1.4\n"
        "channels:\n"
        f"  - {CHANNEL}\n"
    )
