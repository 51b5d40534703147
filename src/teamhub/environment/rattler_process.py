"""rattler in a process of its own.

Its threads can abort an interpreter that exits normally (`PyGILState_Release`), and its memory goes
back to the system at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from teamhub.environment.remedies import again
from teamhub_shared import TeamhubError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class CutShort(TeamhubError):
    """The process that used rattler was killed."""


def in_own_process(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call a function in a child process and return what it returned, or raise what it raised."""
    import multiprocessing  # here, since most commands end without
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        try:
            return pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise CutShort(
                f"{function.__name__.replace('_', ' ')}: the process was killed",
                f"see `journalctl --dmesg` whether memory ran out, then: {again()}",
            ) from error
