"""What a person sees while the build runs: plain lines, which read as well in a log."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TextIO


class Progress:
    """Prints the build's stages with the time since it began, and the steps inside each."""

    def __init__(self, stream: TextIO = sys.stdout, start: float | None = None) -> None:
        self._stream = stream
        #: When the build began, by the machine's monotonic clock, in seconds.
        self.start = time.monotonic() if start is None else start

    def __reduce__(self) -> tuple[partial[Progress], tuple[()]]:
        """In another process, it prints to that one's standard output."""
        return partial(Progress, start=self.start), ()

    def stage(self, title: str) -> None:
        """Announce a stage, such as "fetching the wheels for bookworm"."""
        seconds = int(time.monotonic() - self.start)
        self._print(f"[{seconds // 60:2}:{seconds % 60:02}] {title}")

    def __call__(self, step: str) -> None:
        """Print one step of the current stage."""
        self._print(f"        {step}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
