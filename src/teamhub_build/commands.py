"""Runs the tools of the build, with their output shown in part and logged whole."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from teamhub_shared import TeamhubError

#: How much of a failed tool's output its error repeats, in lines.
TAIL_LINES = 15


class CommandError(TeamhubError):
    """A tool that the build runs exited with an error."""

    def __init__(self, problem: str, remedy: str, output: str = "") -> None:
        super().__init__(problem, remedy)
        self.output = output


def as_root() -> list[str]:
    """What a command that root has to run starts with: nothing, or sudo.

    Raises CommandError for a user who is not root if there is no sudo.
    """
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        raise CommandError(
            "this step needs root, and this machine has no sudo",
            "run the build as root, or install sudo and let this account use it",
        )
    return ["sudo"]


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    show: Callable[[str], object] | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run `command`, append what it prints to `log`, hand each line to `show`; return it all.

    Raises CommandError, with the last lines of the output, when the command fails.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with (
        log.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        print(f"$ {shlex.join(words)}", file=file, flush=True)
        assert process.stdout is not None  # noqa: S101 - what PIPE promises; for mypy
        for line in process.stdout:
            file.write(line)
            file.flush()
            lines.append(line)
            if show is not None:
                show(line.rstrip())
    output = "".join(lines)
    if process.returncode != 0:
        tail = "".join(f"    {line}" for line in deque(lines, TAIL_LINES)).rstrip()
        raise CommandError(
            f"{words[0]} ended with status {process.returncode}; its last lines:\n{tail}",
            f"read the whole of it in {log}",
            output,
        )
    return output
