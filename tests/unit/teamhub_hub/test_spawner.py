"""How people's servers get their turn, and what becomes of one that does not come up."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.objects import Server
from jupyterhub.spawner import SpawnException
from sudospawner.spawner import SudoSpawner

from teamhub_hub import spawner
from teamhub_hub.spawner import TeamSpawner, Turns
from teamhub_shared import sockets

GONE = 2**22 + 1  # above the largest pid (proc(5), pid_max)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    """A socket at which something answers."""
    path = tmp_path / "server.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield path


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A socket that a server has left behind."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


def made(pid: int = 0) -> TeamSpawner:
    """Somebody's spawner; their server has this pid."""
    zoe = TeamSpawner(user=SimpleNamespace(name=pwd.getpwuid(os.getuid()).pw_name))
    zoe.pid = pid or os.getpid()
    return zoe


@pytest.fixture
def starts_at(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The socket of each server that sudospawner starts, in place of sudospawner."""
    places: list[Path] = []

    async def start(_: SudoSpawner) -> tuple[str, int]:
        return "127.0.0.1", 1

    monkeypatch.setattr(SudoSpawner, "start", start)
    monkeypatch.setattr(sockets, "of_server", lambda *_: places[0])
    monkeypatch.setattr(spawner, "TURNS", Turns(1))
    return places


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


def test_a_server_that_answers_is_up(listening: Path, starts_at: list[Path]) -> None:
    starts_at.append(listening)
    assert asyncio.run(made().start()) == sockets.url(listening)


def test_after_a_restart_the_hub_finds_it_where_it_listens(
    listening: Path, starts_at: list[Path]
) -> None:
    starts_at.append(listening)
    before, after = made(), made()
    asyncio.run(before.start())
    after.server = Server(base_url="/user/zoe/")
    after.load_state(before.get_state())
    assert after.server.url == f"{sockets.url(listening)}/user/zoe/"
    assert after.server.host == sockets.url(listening)


def test_a_server_of_a_version_with_ports_stays_where_it_is() -> None:
    zoe = made()
    zoe.server = Server(ip="127.0.0.1", port=40001, base_url="/user/zoe/")
    zoe.load_state({"pid": 4711})
    assert zoe.server.url == "http://127.0.0.1:40001/user/zoe/"
    assert zoe.get_state() == {"pid": 4711}


def test_it_is_told_to_listen_there_and_nowhere_else(listening: Path) -> None:
    zoe = made()
    zoe.listens_at(listening)
    assert f"--ServerApp.sock={listening}" in zoe.get_args()


def test_one_that_ends_is_reported_at_once(silent: Path, starts_at: list[Path]) -> None:
    starts_at.append(silent)
    with pytest.raises(SpawnException, match="ended while it started"):
        asyncio.run(made(GONE).start())


def test_one_that_never_answers_holds_nobody_up(
    silent: Path,
    listening: Path,
    starts_at: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spawner, "TURN_SECONDS", 0.2)

    async def both() -> str:
        starts_at.append(silent)
        stuck = asyncio.create_task(made().start())
        await asyncio.sleep(0.05)
        starts_at[0] = listening
        address = await asyncio.wait_for(made().start(), 5)
        assert not stuck.done()
        stuck.cancel()
        return address

    assert asyncio.run(both()) == sockets.url(listening)


def test_after_too_long_a_wait_none_is_started(listening: Path, starts_at: list[Path]) -> None:
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
