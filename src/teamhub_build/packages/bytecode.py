"""Bytecode that ships inside the packages, so that the server has nothing to compile."""

from __future__ import annotations

import subprocess
from pathlib import Path

from teamhub_build.suites import Suite
from teamhub_shared import TeamhubError


class BytecodeError(TeamhubError):
    """The suite's own python could not compile."""


def suite_python(suite: Suite) -> Path:
    """Debian's interpreter of `suite`, the only one whose bytecode the server can use.

    Raises BytecodeError where this machine (or root) does not have it.
    """
    python = Path(f"/usr/bin/python{suite.python}")
    if not python.exists():
        raise BytecodeError(
            f"{python} is not here, and only it can compile bytecode for {suite.codename}",
            f"assemble in a root of Debian {suite.release} {suite.codename} (--suite does it)",
        )
    return python


def write_bytecode(tree: Path, python: Path) -> None:
    """Compiles the modules under `tree` to unchecked-hash bytecode (PEP 552) in __pycache__.

    Unchecked, since all sources share one mtime, by which stale bytecode could not be recognised.
    A file that this Python cannot compile stays as source, as with pip.
    """
    # A fresh interpreter with a fixed hash seed: what marshal writes depends on what else the
    # process has interned, and on the order of its sets.
    done = subprocess.run(
        [
            *(str(python), "-S", "-s", "-m", "compileall", "-qq"),
            *("--invalidation-mode", "unchecked-hash", "-s", ".", "."),
        ],
        cwd=tree,
        env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    if done.stderr:
        raise BytecodeError(
            f"{python} failed to compile a package:\n{done.stderr.strip()}",
            "check that Debian's python3 is whole: apt install --reinstall libpython3-stdlib",
        )
