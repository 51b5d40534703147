"""Bytecode of packages that come without: nobody could write it into the prefix later.

The embedded channel's packages carry theirs.  conda-forge's noarch packages do not; conda compiles
them as it installs.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.conda.packages import is_embedded, read_record
from teamhub.environment.store import manifest
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rattler import RepoDataRecord


class CannotCompile(TeamhubError):
    """The environment's own Python could not write bytecode."""


def write_bytecode(prefix: Path, records: Iterable[RepoDataRecord], channel: Path) -> None:
    """Compile the modules of the noarch Python packages among `records` that have no bytecode.

    Those of the embedded channel, whose folder is `channel`, have theirs.

    Unchecked (PEP 552), since nobody changes the sources.  A module that this Python cannot compile
    stays as source, as with conda.  Raises CannotCompile where Python itself fails.
    """
    pure = [r for r in records if r.noarch.python and not is_embedded(r.channel, channel)]
    modules = [module for record in pure for module in uncompiled(prefix, record)]
    if not modules:
        return
    # -B: what it imports itself is another package's
    compile_all = ("-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", "-i", "-")
    done = subprocess.run(
        [str(prefix / "bin/python3"), "-B", "-I", *compile_all, "-j", "0"],
        input="".join(f"{prefix / module}\n" for module in modules),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stderr:
        raise CannotCompile(
            f"{prefix}/bin/python3 cannot compile: {done.stderr.strip().splitlines()[-1]}",
            f"take that Python out of what is asked for, then: {retry_env_command()}",
        )


def uncompiled(prefix: Path, record: RepoDataRecord) -> list[str]:
    """The modules of a package, unless it has bytecode of its own."""
    path = prefix / "conda-meta" / f"{manifest.package(record).stem}.json"
    files: list[str] = read_record(path)["files"]
    if any(file.endswith(".pyc") for file in files):
        return []
    return [file for file in files if file.endswith(".py") and "/site-packages/" in file]
