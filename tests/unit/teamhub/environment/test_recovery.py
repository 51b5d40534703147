"""Damage to what the generations are known by is named in one line, and repaired."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from support.conda_channel import Channel
from teamhub.environment.store import history, manifest
from teamhub.environment.store.damaged import DamagedStore
from teamhub.environment.store.state import NoCurrent
from unit.teamhub.environment.conftest import Server, repair

GARBAGE = (b"", b"\0" * 300, b"{\xff\n", b"[1]\n", b'{"number": 1}\n')


def missing(server: Server) -> None:
    server.layout.current.unlink()


def dangling(server: Server) -> None:
    missing(server)
    server.layout.current.symlink_to("generations/absent")


def a_folder(server: Server) -> None:
    missing(server)
    server.layout.current.mkdir()
    (server.layout.current / "file").write_text("")


LOST = (missing, dangling, a_folder)


class TestCurrent:
    """The link to the generation that new servers start in."""

    @pytest.mark.parametrize("lose", LOST)
    def test_that_it_is_lost_is_said_with_what_to_type(
        self, two: Server, lose: Callable[[Server], None]
    ) -> None:
        lose(two)
        for look in (lambda: two.state.needed_current, two.roll_back):
            with pytest.raises(DamagedStore, match=str(two.layout.current)) as caught:
                look()
            assert caught.value.remedy == "type: teamhub env repair"

    @pytest.mark.parametrize("lose", LOST)
    def test_the_newest_generation_takes_its_place(
        self, two: Server, lose: Callable[[Server], None]
    ) -> None:
        lose(two)
        repair(two)
        assert two.number == 2
        assert two.state.is_up_to_date
        assert history.read(two.layout.history)[-1].reason == "repair"

    @pytest.mark.parametrize("lose", LOST)
    def test_an_apply_repairs_it_as_well(self, two: Server, lose: Callable[[Server], None]) -> None:
        lose(two)
        two.apply()
        assert two.number == 2
        assert len(two.generations()) == 2

    def test_an_upgrade_that_was_cut_short_is_still_to_be_done(
        self, server: Server, embedded: Channel
    ) -> None:
        embedded.add("library", "3.0")
        server.ship()
        missing(server)
        repair(server)
        assert not server.state.is_up_to_date

    def test_without_a_generation_there_is_no_environment(self, server: Server) -> None:
        server.current.rename(server.layout.root / "away")
        with pytest.raises(NoCurrent, match="no generation is left"):
            repair(server)
        server.apply()
        assert server.version("library") == "2.0"


class TestHistory:
    """history.jsonl."""

    @pytest.mark.parametrize("content", GARBAGE)
    def test_damage_is_said_with_what_to_type(self, two: Server, content: bytes) -> None:
        two.layout.history.write_bytes(content)
        for change in (two.apply, two.roll_back, lambda: two.state):
            with pytest.raises(DamagedStore, match=str(two.layout.history)) as caught:
                change()
            assert caught.value.remedy == "type: teamhub env repair"

    @pytest.mark.parametrize("content", GARBAGE)
    def test_it_is_set_aside_with_its_date(self, two: Server, content: bytes) -> None:
        two.layout.history.write_bytes(content)
        repair(two)
        (kept,) = two.layout.root.glob("history.jsonl.damaged-*Z")
        assert kept.read_bytes() == content
        assert two.state.is_up_to_date
        assert any(str(kept) in line for line in two.said)

    def test_the_lines_that_can_be_read_are_kept(self, two: Server) -> None:
        before = history.read(two.layout.history)
        with two.layout.history.open("a") as file:
            file.write('{"number": 3, "gen')
        repair(two)
        assert history.read(two.layout.history) == before

    def test_the_postinst_repairs_it(self, two: Server) -> None:
        two.layout.history.write_bytes(b"\0")
        two.configure()
        assert two.number == 2
        assert two.state.is_up_to_date


class TestManifest:
    """generation.json."""

    @pytest.mark.parametrize("content", [*GARBAGE, None])
    def test_it_is_made_again(self, two: Server, content: bytes | None) -> None:
        before = manifest.read(two.current)
        file = two.current / manifest.NAME
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        repair(two)
        # from where its packages came is not all that was asked for; its first move has its time
        assert manifest.read(two.current) == dataclasses.replace(
            before,
            inputs="",
            team=dataclasses.replace(before.team, channels=()),
            time=history.read(two.layout.history)[1].time,
        )
        assert not two.changed_by_hand()

    def test_the_next_change_is_made_as_ever(self, two: Server) -> None:
        (two.current / manifest.NAME).write_bytes(b"")
        repair(two)
        two.apply()
        assert two.number == 3
        assert two.version("extra") == "1.0"

    def test_one_without_a_lock_is_removed(self, two: Server) -> None:
        lost = two.current
        (lost / manifest.NAME).write_bytes(b"")
        (lost / "teamhub.lock").write_bytes(b"\0")
        repair(two)
        assert not lost.exists()
        assert two.number == 1
        two.apply()
        assert two.version("extra") == "1.0"

    def test_the_postinst_makes_it_again(self, two: Server) -> None:
        (two.current / manifest.NAME).write_bytes(b"")
        two.configure()
        assert two.number == 2
