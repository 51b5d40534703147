"""Programs that are killed at a named step of their work, and not at a time."""

from __future__ import annotations

#: Begins a Python program with the arguments MODULE FUNCTION NUMBER and those of the program: it
#: dies with all of its processes where it would call that function for the NUMBERth time.  FUNCTION
#: may be CLASS.METHOD; one that is not there is an error.
DIES_AT_STEP = """\
import functools, importlib, itertools, os, signal, sys

def die_at(module, function, number):
    *outer, name = function.split(".")
    owner = functools.reduce(getattr, outer, importlib.import_module(module))
    step, calls = getattr(owner, name), itertools.count(1)
    def counted(*arguments, **options):
        if next(calls) == number:
            os.killpg(0, signal.SIGKILL)
        return step(*arguments, **options)
    setattr(owner, name, counted)

os.setpgid(0, 0)
_, module, function, number, *arguments = sys.argv
die_at(module, function, int(number))
sys.argv[1:] = arguments
"""
