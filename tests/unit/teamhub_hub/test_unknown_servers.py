"""Which servers are ended when the hub has lost its database; systemd and sudo have stand-ins."""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.hub_config import HubConfig
from teamhub_hub import unknown_servers
from teamhub_hub.unknown_servers import end_unknown, hub_uses, mark, running

#: As systemd shows one.
COMMAND = (
    "/opt/teamhub/x/user/bin/python3 -s /opt/teamhub/x/user/bin/jupyterhub-singleuser --port=4"
)
ME = pwd.getpwuid(os.getuid()).pw_name
GROUP = f"/user.slice/user-{os.getuid()}.slice/session-4.scope"

Scopes = Callable[[list[tuple[str, int, str]]], None]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database that knows the server with process 7."""
    path = tmp_path / "jupyterhub.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE spawners (state TEXT)")
        states = [json.dumps({"pid": 7}), "{}", "null", None]
        connection.executemany("INSERT INTO spawners VALUES (?)", [(state,) for state in states])
        connection.commit()
    return path


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Scopes:
    """Makes the processes of the one session that there is."""

    def make(found: list[tuple[str, int, str]]) -> None:
        def ask(*command: str) -> list[str]:
            if command[0] == "systemctl":
                return ["session-4.scope loaded active running Session 4"]
            return [json.dumps({"type": "a(sus)", "data": [found]})]

        monkeypatch.setattr(unknown_servers, "ask", ask)

    return make


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The signals that were sent, to processes that end at TERM but for number 9, which stays."""
    signals: list[tuple[int, int]] = []

    def send(server: unknown_servers.Server, number: int) -> bool:
        signals.append((server.pid, number))
        return server.pid == 9

    monkeypatch.setattr(unknown_servers, "signal", send)
    monkeypatch.setattr(unknown_servers, "hub_uses", lambda _: True)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(unknown_servers, "PATIENCE", 0.0)
    return signals


def test_nothing_is_asked_while_nothing_is_lost(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_servers, "running", lambda: pytest.fail("systemd is asked"))
    assert end_unknown(database) == []


def test_those_that_the_database_does_not_know_are_ended_once(
    database: Path, processes: Scopes, sent: list[tuple[int, int]]
) -> None:
    mark(database)
    processes([(GROUP, 6, "bash"), (GROUP, 7, COMMAND), (GROUP, 8, COMMAND)])
    (said,) = end_unknown(database)
    assert said.startswith(f"the server of {ME} (process 8) was ended")
    assert sent == [(8, 15), (8, 0)]
    assert end_unknown(database) == []


def test_without_a_database_all_of_them_are(
    database: Path, processes: Scopes, sent: list[tuple[int, int]]
) -> None:
    database.unlink()
    mark(database)
    processes([(GROUP, 7, COMMAND), (GROUP, 8, COMMAND)])
    assert len(end_unknown(database)) == 2
    assert {pid for pid, _ in sent} == {7, 8}


def test_one_that_does_not_end_is_killed(
    database: Path, processes: Scopes, sent: list[tuple[int, int]]
) -> None:
    mark(database)
    processes([(GROUP, 9, COMMAND)])
    end_unknown(database)
    assert sent[-1] == (9, 9)


def test_none_is_if_the_hub_has_its_record_elsewhere(
    database: Path,
    processes: Scopes,
    sent: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unknown_servers, "hub_uses", lambda _: False)
    mark(database)
    processes([(GROUP, 8, COMMAND)])
    assert end_unknown(database) == []
    assert sent == []


@pytest.mark.parametrize(
    ("group", "command"),
    [
        ("/system.slice/ssh.service", COMMAND),
        ("/user.slice/user-4000000000.slice/session-4.scope", COMMAND),
        (GROUP, "less jupyterhub-singleuser"),
    ],
)
def test_other_processes_are_no_servers(processes: Scopes, group: str, command: str) -> None:
    processes([(group, 8, command)])
    assert list(running()) == []


def test_the_configuration_says_which_database_the_hub_uses(
    config: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_servers, "CONFIGURATION", config.main)
    ours = Path("/var/lib/teamhub/jupyterhub.sqlite")
    assert hub_uses(ours)
    config.snippet("c.JupyterHub.db_url = 'postgresql:///hub'\n")
    assert not hub_uses(ours)
