"""rattler's process of the build."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from teamhub_shared.conda.process import rattler_process

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_own_process(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call a function that uses rattler; all that crosses has to survive pickle.

    The process is spawned, since the build has threads.
    Raises what the function raises, and CutShort where the process was killed.
    """
    with rattler_process("build again", start="spawn") as rattler:
        return rattler.call(function, *args, **kwargs)
