"""What uses rattler runs in a process that ends well however rattler's threads are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from teamhub_build.suites import machine_suite
from teamhub_shared import TeamhubError
from teamhub_shared.conda.process import CutShort, Start, rattler_process

BOTH = pytest.mark.parametrize("start", ["fork", "spawn"])


class Trace:
    """Writes a file when the interpreter takes itself down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __del__(self) -> None:
        self.path.write_text("taken down")


def leave_trace(path: Path) -> None:
    """Have this module hold something until the interpreter's end."""
    globals()["TRACE"] = Trace(path)


@BOTH
def test_all_calls_are_answered_by_one_process_that_is_another(start: Start) -> None:
    with rattler_process("again", start=start) as rattler:
        assert rattler.call(os.getpid) == rattler.call(os.getpid) != os.getpid()


@BOTH
def test_an_error_comes_over_with_its_remedy(start: Start, tmp_path: Path) -> None:
    system = tmp_path / "os-release"
    system.write_text("PRETTY_NAME=Nix\n")
    with (
        rattler_process("again", start=start) as rattler,
        pytest.raises(TeamhubError, match="Nix") as raised,
    ):
        rattler.call(machine_suite, system)
    assert "--suite" in raised.value.remedy


@BOTH
def test_where_it_was_killed_the_command_to_type_is_named(start: Start) -> None:
    with rattler_process("teamhub env apply", start=start) as rattler:
        number = rattler.call(os.getpid)
        with pytest.raises(CutShort) as raised:
            rattler.call(os.kill, number, signal.SIGKILL)
    assert raised.value.remedy.endswith("then: teamhub env apply")


#: Is killed while the process that it has begun waits for the next call, with the same output.
KILLED = """\
import os, signal, sys, time
from teamhub_shared.conda.process import rattler_process

if __name__ == "__main__":
    with rattler_process("again", start=sys.argv[1]) as rattler:
        print(rattler.call(os.getpid), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@BOTH
def test_it_ends_with_a_caller_that_is_killed(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "killed.py"
    program.write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # which ends when the last process that has the output is gone
    done = subprocess.run(
        [sys.executable, program, start],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.strip().isdecimal(), done.stderr


@BOTH
def test_the_interpreter_does_not_take_itself_down(start: Start, tmp_path: Path) -> None:
    with rattler_process("again", start=start) as rattler:
        rattler.call(leave_trace, tmp_path / "trace")
    assert not (tmp_path / "trace").exists()


def test_its_output_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with rattler_process("again", start="spawn") as rattler:
        rattler.call(print, "a line", end="")
    assert capfd.readouterr().out == "a line"
