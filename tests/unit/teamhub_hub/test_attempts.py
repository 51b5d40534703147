"""Logins that are pending: how many there may be, and where they come from."""

from __future__ import annotations

import asyncio
import grp
import os
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_unix_socket

from teamhub_hub import attempts
from teamhub_hub.attempts import ALL, PER_NAME, PER_ORIGIN, Attempts, TooMany

REQUEST = b"GET / HTTP/1.1\r\nHost: hub\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"


def filled(tries: Attempts, *, origin: str, name: str, number: int) -> ExitStack:
    pending = ExitStack()
    for each in range(number):
        pending.enter_context(tries.one(origin, name.format(each)))
    return pending


def test_one_name_from_one_place_has_few_and_another_place_has_its_own() -> None:
    tries = Attempts()
    with filled(tries, origin="a", name="wash", number=PER_NAME):
        with pytest.raises(TooMany), tries.one("a", "wash"):
            pass
        with tries.one("b", "wash"), tries.one("a", "zoe"):
            pass
    with tries.one("a", "wash"):
        pass


def test_one_place_shuts_nobody_else_out() -> None:
    tries = Attempts()
    with filled(tries, origin="a", name="zoe{}", number=PER_ORIGIN):
        with pytest.raises(TooMany), tries.one("a", "wash"):
            pass
        with tries.one("b", "wash"):
            pass


def test_there_is_an_end_for_all_places_together() -> None:
    tries = Attempts()
    with ExitStack() as pending:
        for each in range(ALL):
            pending.enter_context(tries.one(str(each), "wash"))
        with pytest.raises(TooMany), tries.one("one more", "wash"):
            pass


def test_what_was_typed_does_not_stay_in_memory() -> None:
    tries = Attempts()
    with filled(tries, origin="a", name="zoe{}", number=3):
        pass
    assert not tries.pending


def origin_at(path: Path) -> str:
    """The origin of a request at a Unix socket that claims an address."""
    found: list[str] = []

    def answer(request: HTTPServerRequest) -> None:
        found.append(attempts.origin(request))
        request.connection.finish()  # type: ignore[union-attr]

    async def ask() -> None:
        server = HTTPServer(answer, xheaders=True)
        server.add_socket(bind_unix_socket(str(path)))
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(REQUEST)
        while not found:
            await asyncio.sleep(0.01)
        writer.close()
        server.stop()

    asyncio.run(ask())
    return found[0]


def test_only_the_proxy_says_which_address_somebody_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert origin_at(tmp_path / "one.sock") == f"uid {os.getuid()}"
    own = SimpleNamespace(gr_gid=os.getgid())
    monkeypatch.setattr(grp, "getgrnam", lambda _: own)
    assert origin_at(tmp_path / "two.sock") == "198.51.100.7"
