"""How the hub starts people's servers: sudospawner, some at a time, with the reasons of failures.

A server that starts takes more than a second of a processor.  When a class logs in at once, all of
them together would be late: here some start, and the others wait their turn and see their place.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SpawnException
from sudospawner.spawner import SudoSpawner

from teamhub_shared import sockets

#: The servers that start at the same time, for each processor.
STARTS_PER_PROCESSOR = 2
#: Seconds after which the next one may start, too: nobody can hold the others up with a server that
#: does not come up.
TURN_SECONDS = 10.0
#: Seconds between two looks at a server that starts, and between two messages to anyone who waits.
LOOK, TELL = 0.1, 2.0


class Turns:
    """Lets some servers start at a time, first come, first served."""

    def __init__(self, number: int) -> None:
        self._free = asyncio.Semaphore(number)
        #: Those that wait, by the moment at which they came.
        self.waiting: list[float] = []

    async def __aenter__(self) -> None:
        came = time.monotonic()
        self.waiting.append(came)
        try:
            await self._free.acquire()
        finally:
            self.waiting.remove(came)

    async def __aexit__(self, *_: object) -> None:
        self._free.release()

    def before(self, came: float) -> int:
        """How many have waited since before a moment."""
        return sum(moment < came for moment in self.waiting)


TURNS = Turns(STARTS_PER_PROCESSOR * (os.cpu_count() or 1))


class TeamSpawner(SudoSpawner):
    """Starts a server through sudo, as the person, at a Unix socket in that person's folder."""

    #: When this server began to wait for its turn; 0 while it does not.
    waits_since = 0.0
    #: Where the server listens; None for one that a version with TCP ports has started.
    socket: Path | None = None

    async def start(self) -> str:
        """Start the server when its turn comes; the address at which it answers.

        Raises SpawnException, whose text the person reads, if none was started, or if it ended.
        """
        self.waits_since = came = time.monotonic()
        async with TURNS:
            self.waits_since = 0.0
            if time.monotonic() - came > self.start_timeout:
                # JupyterHub has given this start up, and nothing would stop the server later
                raise SpawnException("Too many servers start now: try again.", reason="busy")
            account = await asyncio.to_thread(pwd.getpwnam, self.user.name)
            self.listens_at(sockets.of_server(account.pw_uid, self.name or ""))
            await super().start()
            is_up = await self.wait_for_answer(TURN_SECONDS)
        if not is_up:
            await self.wait_for_answer(self.http_timeout - TURN_SECONDS)
        return self.address

    def listens_at(self, socket: Path) -> None:
        """Have the hub and the proxy reach the server at a socket.

        JupyterHub's database has room for a host and a port, so this is said at each start of the
        hub, too.
        """
        self.socket = socket
        if self.server is not None:
            self.server.connect_url = self.address

    @property
    def address(self) -> str:
        """The address of the server's socket."""
        if self.socket is None:
            raise ValueError("this server listens on a TCP port")
        return sockets.url(self.socket)

    def get_args(self) -> list[str]:
        """The options of the server's command line."""
        # the group is the folder's: the hub and the proxy
        return [
            *super().get_args(),
            f"--ServerApp.sock={self.socket}",
            "--ServerApp.sock_mode=0660",
        ]

    def get_env(self) -> dict[str, str]:
        """The environment of the server."""
        environment: dict[str, str] = super().get_env()
        # with a port in it, the server would refuse the socket
        environment["JUPYTERHUB_SERVICE_URL"] = self.address + self.server.base_url
        return environment

    def get_state(self) -> dict[str, Any]:
        """What the hub has to know of the server after a restart."""
        state: dict[str, Any] = super().get_state()
        if self.socket is not None:
            state["socket"] = str(self.socket)
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what `get_state` has said."""
        super().load_state(state)
        if "socket" in state:
            self.listens_at(Path(state["socket"]))

    def clear_state(self) -> None:
        """Forget a server that has ended."""
        super().clear_state()
        self.socket = None

    async def wait_for_answer(self, seconds: float) -> bool:
        """Whether the server answers within some seconds; JupyterHub ends one that never does.

        Raises SpawnException at once if the server ends before that.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if await answers(self.socket):
                return True
            if await self.poll() is not None:
                self.log.error("The server of %s ended while it started", self.user.name)
                raise SpawnException(
                    "Your server ended while it started. Please ask the administrator of this "
                    "server to look at its messages: journalctl -t teamhub-server",
                    reason="ended",
                )
            await asyncio.sleep(LOOK)
        return False

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the page shows while a server waits for its turn and starts."""
        while self.waits_since:
            before = TURNS.before(self.waits_since)
            yield {"progress": 10, "message": f"Many servers start now; {before} before yours."}
            await asyncio.sleep(TELL)
        yield {"progress": 50, "message": "Starting your server."}

    async def do(self, action: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        """Have the mediator do something, and return its answer.

        Raises SpawnException, whose text the person reads, with the mediator's reason.
        """
        answer: dict[str, Any] = await super().do(action, **request)
        if not answer.get("ok"):
            fault = str(answer.get("error") or "no reason was given")
            self.log.error("The server of %s was not started: %s", self.user.name, fault)
            raise SpawnException(
                f"Your server was not started: {fault}. "
                "Please ask the administrator of this server to fix that.",
                reason="refused",
            )
        return answer


async def answers(socket: Path | None) -> bool:
    """Whether something listens at a socket."""
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True
