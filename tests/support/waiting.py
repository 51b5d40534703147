"""Waiting for what takes a moment, with an end to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T], seconds: float, pause: float = 0.1) -> T:
    """The first true answer of `look`; TimeoutError, naming `what`, after `seconds` without one."""
    end = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} after {seconds:.0f} s")
        time.sleep(pause)
    return answer
