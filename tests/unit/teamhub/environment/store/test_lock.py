"""Two commands that change the environments wait for one another, and say so."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from support.conda_channel import Channel
from teamhub.environment.store.lock import exclusive
from unit.teamhub.environment.conftest import Server


def test_the_first_one_does_not_wait(tmp_path: Path) -> None:
    said: list[str] = []
    with exclusive(tmp_path / "busy", said.append):
        pass
    assert said == []


def test_the_second_one_reports_what_it_waits_for(tmp_path: Path) -> None:
    said: list[str] = []
    held, reported = threading.Event(), threading.Event()

    def report(line: str) -> None:
        said.append(line)
        reported.set()

    def second() -> None:
        with exclusive(tmp_path / "busy", report):
            held.set()

    with exclusive(tmp_path / "busy", said.append):
        other = threading.Thread(target=second)
        other.start()
        assert reported.wait(10)
        assert not held.is_set()
    assert held.wait(10)
    other.join()
    assert said == ["another command is changing the environments; waiting for it to end"]


def test_a_holder_that_is_killed_does_not_hold_on(tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from teamhub.environment.store.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1]), print):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program, str(busy)], env=environment, check=False)
    said: list[str] = []
    with exclusive(busy, said.append):
        assert said == []


def test_two_at_once_make_one_generation(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    commands = [threading.Thread(target=server.apply) for _ in range(2)]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    assert server.version("extra") == "1.0"
    assert len(server.generations()) == 2
