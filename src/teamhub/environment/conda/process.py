"""rattler in a process of its own.

Its threads can abort an interpreter that exits normally (`PyGILState_Release`), and its memory goes
back to the system at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


#: Of malloc.h, for mallopt(3).
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8


class CutShort(TeamhubError):
    """The process that used rattler was killed."""


def return_memory() -> None:
    """Have glibc give back what this process frees: 50 MB less when packages are unpacked.

    Else each thread has an arena that keeps what was freed in it, and so do large blocks, once one
    has been freed.
    """
    import ctypes

    libc = ctypes.CDLL(None)
    libc.mallopt(M_ARENA_MAX, 2)
    libc.mallopt(M_MMAP_THRESHOLD, 2**20)


class RattlerProcess:
    """A child process that calls functions, one after the other."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def call(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Return what the function returned there, or raise what it raised.

        The first call makes the process: until then this one must have no threads.
        """
        from concurrent.futures.process import BrokenProcessPool

        try:
            return self._pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise CutShort(
                f"{function.__name__.replace('_', ' ')}: the process was killed",
                f"see `journalctl --dmesg` whether memory ran out, then: {retry_env_command()}",
            ) from error


@contextmanager
def rattler_process() -> Iterator[RattlerProcess]:
    """A child process, which is there until the block ends."""
    import multiprocessing  # here, since most commands end without
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=return_memory) as pool:
        yield RattlerProcess(pool)


def in_own_process(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call one function in a child process."""
    with rattler_process() as rattler:
        return rattler.call(function, *args, **kwargs)
