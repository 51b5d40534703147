"""How people's servers get their turn, and what becomes of one that does not come up."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.spawner import SpawnException
from sudospawner.spawner import SudoSpawner

from teamhub_hub import spawner
from teamhub_hub.spawner import TeamSpawner, Turns

GONE = 2**22 + 1  # above the largest pid (proc(5), pid_max)


@pytest.fixture
def listening() -> Iterator[tuple[str, int]]:
    """An address at which something answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture
def silent() -> tuple[str, int]:
    """An address at which nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address: tuple[str, int] = server.getsockname()
    return address


def made(pid: int = 0) -> TeamSpawner:
    """Zoe's spawner; her server has this pid."""
    zoe = TeamSpawner(user=SimpleNamespace(name="zoe"))
    zoe.pid = pid or os.getpid()
    return zoe


@pytest.fixture
def starts_at(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The address of each server that sudospawner starts, in place of sudospawner."""
    addresses: list[tuple[str, int]] = []

    async def start(_: SudoSpawner) -> tuple[str, int]:
        return addresses[0]

    monkeypatch.setattr(SudoSpawner, "start", start)
    monkeypatch.setattr(spawner, "TURNS", Turns(1))
    return addresses


def test_only_so_many_have_their_turn_and_the_others_follow_in_order() -> None:
    begun: list[int] = []

    async def take(turns: Turns, number: int) -> None:
        async with turns:
            begun.append(number)
            assert len(turns.waiting) == 3 - number
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        turns = Turns(1)
        async with turns:
            others = [asyncio.create_task(take(turns, number)) for number in range(4)]
            await asyncio.sleep(0)
            assert turns.before(turns.waiting[2]) == 2
            assert begun == []
        await asyncio.gather(*others)

    asyncio.run(all_of_them())
    assert begun == [0, 1, 2, 3]


def test_a_server_that_answers_is_up(
    listening: tuple[str, int], starts_at: list[tuple[str, int]]
) -> None:
    starts_at.append(listening)
    assert asyncio.run(made().start()) == listening


def test_one_that_ends_is_reported_at_once(
    silent: tuple[str, int], starts_at: list[tuple[str, int]]
) -> None:
    starts_at.append(silent)
    with pytest.raises(SpawnException, match="ended while it started"):
        asyncio.run(made(GONE).start())


def test_one_that_never_answers_holds_nobody_up(
    silent: tuple[str, int],
    listening: tuple[str, int],
    starts_at: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spawner, "TURN_SECONDS", 0.2)

    async def both() -> tuple[str, int]:
        starts_at.append(silent)
        stuck = asyncio.create_task(made().start())
        await asyncio.sleep(0.05)
        starts_at[0] = listening
        address = await asyncio.wait_for(made().start(), 5)
        assert not stuck.done()
        stuck.cancel()
        return address

    assert asyncio.run(both()) == listening


def test_after_too_long_a_wait_none_is_started(
    listening: tuple[str, int], starts_at: list[tuple[str, int]]
) -> None:
    starts_at.append(listening)
    zoe = made()
    zoe.start_timeout = -1
    with pytest.raises(SpawnException, match="Too many servers"):
        asyncio.run(zoe.start())


def test_the_page_says_how_many_are_before_and_then_that_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spawner, "TELL", 0.0)
    monkeypatch.setattr(spawner, "TURNS", Turns(1))
    zoe = made()
    zoe.waits_since = 9.0
    spawner.TURNS.waiting += [7.0, 8.0, 9.0]

    async def messages() -> list[dict[str, Any]]:
        found = []
        async for message in zoe.progress():
            found.append(message)
            zoe.waits_since = 0.0
        return found

    waiting, starting = asyncio.run(messages())
    assert "2 before yours" in waiting["message"]
    assert starting["message"] == "Starting your server."


def test_the_mediators_reason_is_what_the_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> dict[str, Any]:
        return {"ok": False, "error": "the home folder /home/zoe does not exist"}

    monkeypatch.setattr(SudoSpawner, "do", refuse)
    with pytest.raises(SpawnException) as refused:
        asyncio.run(made().do("spawn"))
    assert "Your server was not started: the home folder /home/zoe" in refused.value.message
