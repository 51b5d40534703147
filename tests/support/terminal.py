"""A command on a booted server at a real terminal, with somebody who reads the screen and types."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pexpect
import pyte

from support.container import BootedServer, wait_for

#: What the person at the terminal presses.
ENTER = "\r"
ESCAPE = "\x1b"
TAB = "\t"
PAGE_UP = "\x1b[5~"
LINE_START = "\x01"
CLEAR_TO_END = "\x0b"
CTRL_C = "\x03"

#: Frames and buttons of a dialog, which stand between the words of a line that was wrapped.
DECORATION = re.compile(r"[\s│┌┐└┘─├┤█▒░▮]+")


class Terminal:
    """A screen of `rows` lines and 80 columns, and the keyboard that belongs to it."""

    def __init__(
        self,
        server: BootedServer,
        *command: str,
        rows: int = 40,
        environment: Mapping[str, str] | None = None,
        seconds: float = 240,
    ) -> None:
        self._seconds = seconds
        self._screen = pyte.HistoryScreen(80, rows, history=2000)
        self._stream = pyte.Stream(self._screen)
        #: Everything that was printed, in order; a screen shows only how it ended.
        self.printed = ""
        self._process: pexpect.spawn[str] = pexpect.spawn(
            "nsenter",
            server.command(*command, **{"TERM": "xterm", **(environment or {})})[1:],
            dimensions=(rows, 80),
            encoding="utf-8",
            codec_errors="replace",
            timeout=seconds,
            preexec_fn=heed_interrupts,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Take the command away, if it has not ended."""
        pid = self._process.pid
        # nsenter has to outlive the command: whose parent is gone and outside of the server, stays
        # as a zombie there, and the server's shutdown waits for it in vain
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            wait_for("end of nsenter", lambda: not self._process.isalive(), 10)
        self._process.close(force=True)

    @property
    def pid(self) -> int:
        """The process that has entered the server for the command."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def screen(self) -> str:
        """The lines that are visible now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, text: str) -> None:
        """Wait until the screen shows `text`, however it is wrapped there, and nothing moves.

        Raises AssertionError with the screen when it does not, or when the command ends before.
        """
        wanted = squeeze(text)
        end = time.monotonic() + self._seconds
        while wanted not in squeeze(self.screen):
            if not self._read(0.2) and not self._process.isalive():
                raise AssertionError(f"the command ended before {text!r}:\n{self.screen}")
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} on the screen:\n{self.screen}")
        while self._read(0.2):
            pass

    def press(self, *keys: str) -> None:
        """Press keys, or type text, slowly enough for every program to tell them apart."""
        for key in keys:
            self._process.send(key)
            self._read(0.05)

    def interrupt(self) -> None:
        """Press Ctrl-C until the command ends; one that it reaches before it reads may wait on."""
        end = time.monotonic() + self._seconds
        while self._process.isalive() and time.monotonic() < end:
            self.press(CTRL_C)
            while self._read(3):
                pass

    def clear(self) -> None:
        """Forget what was printed so far: an old question must not pass for a new one."""
        self._screen.reset()

    def end(self) -> int:
        """Wait for the command's end; its exit status."""
        end = time.monotonic() + self._seconds
        while self._read(0.2) or self._process.isalive():
            if time.monotonic() > end:
                raise AssertionError(f"the command goes on:\n{self.screen}")
        self._process.close()
        return -1 if self._process.exitstatus is None else self._process.exitstatus

    def _read(self, seconds: float) -> str:
        """Take in what is printed within a time, which may be nothing."""
        try:
            text = self._process.read_nonblocking(65536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return ""
        self.printed += text
        self._stream.feed(text)
        return text


def heed_interrupts() -> None:
    """Have Ctrl-C end a new process: what a shell starts in the background ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def squeeze(text: str) -> str:
    """A text without white space and without the frames of a dialog."""
    return DECORATION.sub("", text)
