"""What a command costs: its seconds, and the memory of its processes."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.05
KB_PER_MB = 1000


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    seconds: float
    #: The most memory of all its processes together, what they share counted once (PSS).
    together_mb: float
    #: The most memory of its largest process (VmHWM).
    largest_mb: float
    #: What reached the disk, when somebody has looked at one.
    written_mb: float = 0.0


class Failed(AssertionError):
    """A command that is measured did not succeed."""


def cost(command: Sequence[str], what: str) -> Cost:
    """Run a command and look at its processes every 50 ms; `what` is for its error."""
    start = time.monotonic()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        watch = Watch(process.pid)
        watch.start()
        printed, _ = process.communicate()
        seconds = time.monotonic() - start
        watch.stop()
    if process.returncode:
        last = printed.splitlines()[-30:]
        raise Failed("\n".join([f"{what}: exit status {process.returncode}", *last]))
    return Cost(seconds, watch.together / KB_PER_MB, watch.largest / KB_PER_MB)


class Watch:
    """Looks at a process and all below it, in a thread."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        #: In kB.
        self.together = 0
        self.largest = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            there = list(processes(self.pid))
            self.together = max(
                self.together, sum(kilobytes(p, "smaps_rollup", "Pss:") for p in there)
            )
            self.largest = max(self.largest, *(kilobytes(p, "status", "VmHWM:") for p in there), 0)


def processes(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    # Any of them may end while it is looked at.
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text("ascii").split():
                    yield from processes(int(child))


def kilobytes(pid: int, file: str, field: str) -> int:
    """One figure that the kernel gives of a process; 0 when it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text("ascii", "replace").splitlines():
            if line.startswith(field):
                return int(line.split()[1])
    return 0
