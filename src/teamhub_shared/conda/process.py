"""rattler in a process of its own.

Its threads can abort an interpreter that exits normally (`PyGILState_Release`), and its memory goes
back to the system at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

#: How the process begins.  `fork` takes no time, and is for a caller without threads: the new
#: process would have the locks that they hold, and nobody to release them.  `spawn` is for any.
Start = Literal["fork", "spawn"]

#: Of sys/prctl.h, for prctl(2).
PR_SET_PDEATHSIG = 1
#: Of malloc.h, for mallopt(3).
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8


class CutShort(TeamhubError):
    """The process that used rattler was killed."""


class RattlerProcess:
    """A child process that calls functions, one after the other."""

    def __init__(self, pool: ProcessPoolExecutor, retry: str) -> None:
        self._pool = pool
        self._retry = retry

    def call(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Return what the function returned there, or raise what it raised.

        Arguments, result and error cross by pickle, which rattler's own errors may not survive:
        the function has to raise a TeamhubError instead.
        Raises CutShort if the process was killed.
        """
        from concurrent.futures.process import BrokenProcessPool

        try:
            return self._pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise CutShort(
                f"{function.__name__.replace('_', ' ')}: the process was killed",
                f"see `journalctl --dmesg` whether memory ran out, then: {self._retry}",
            ) from error


@contextmanager
def rattler_process(retry: str, *, start: Start = "fork") -> Iterator[RattlerProcess]:
    """A child process, which starts with the first call and runs until the block ends.

    `retry` is the command that an error names if the process was killed.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=prepare) as pool:
        yield RattlerProcess(pool, retry)


def prepare() -> None:
    """Make a new process fit for rattler."""
    import atexit

    end_with_caller()
    return_memory()
    # A forked one ends by os._exit(2) in any case (multiprocessing.popen_fork).
    atexit.register(end_at_once)


def end_with_caller() -> None:
    """Have the kernel kill this process when the thread that has begun it is gone.

    It would wait for the next call for ever, and keep the lock that it has inherited.
    """
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_at_once() -> None:
    """End this process without the interpreter's own steps, in which rattler's threads abort it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def return_memory() -> None:
    """Have glibc give back what this process frees: 50 MB less when packages are unpacked.

    Otherwise each thread has an arena that keeps what was freed in it, and so do large blocks, once
    one has been freed.
    """
    import ctypes

    libc = ctypes.CDLL(None)
    libc.mallopt(M_ARENA_MAX, 2)
    libc.mallopt(M_MMAP_THRESHOLD, 2**20)
