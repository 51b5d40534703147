"""Bytecode of packages that come without it: nobody could write it into the prefix later.

The embedded channel's packages carry theirs.  conda-forge's noarch packages do not; conda compiles
them as it installs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.conda.packages import is_embedded, read_record
from teamhub.environment.store import manifest
from teamhub.system import handover, sandbox
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from rattler import RepoDataRecord

#: Compiles the modules that a file names into a tree of their bytecode, by all processors.  The
#: bytecode is unchecked (PEP 552), since nobody changes the sources.  As -S keeps site out, no .pth
#: file has a part in it.
COMPILE = """
import importlib.util, os, py_compile, sys

prefix, listed, tree = sys.argv[1:]
with open(listed, encoding="utf-8", errors="surrogateescape") as file:
    modules = file.read().splitlines()
folders = {os.path.dirname(module) for module in modules}
for folder in folders:
    os.makedirs(f"{tree}/{folder}/__pycache__", exist_ok=True)

def compile_some(some):
    for module in some:
        try:
            py_compile.compile(
                f"{prefix}/{module}",
                cfile=importlib.util.cache_from_source(f"{tree}/{module}"),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError:
            pass

workers = len(os.sched_getaffinity(0))
for number in range(workers):
    if os.fork() == 0:
        status = 1
        try:
            compile_some(modules[number::workers])
            status = 0
        finally:
            os._exit(status)
sys.exit(any([os.wait()[1] for _ in range(workers)]))
"""


class CannotCompile(TeamhubError):
    """The environment's own Python could not write bytecode."""


def write_bytecode(prefix: Path, records: Iterable[RepoDataRecord], channel: Path) -> None:
    """Compile the modules of the noarch Python packages among `records` that have no bytecode.

    Those of the embedded channel, whose folder is `channel`, have theirs.  A module that this
    Python cannot compile stays as source, as with conda.  Raises CannotCompile if Python fails.
    """
    pure = [r for r in records if r.noarch.python and not is_embedded(r.channel, channel)]
    modules = [module for record in pure for module in uncompiled(prefix, record)]
    if modules:
        compile_modules(prefix, modules)


def compile_modules(prefix: Path, modules: Sequence[str]) -> None:
    """Write the bytecode of modules, whose paths are relative to `prefix`, beside them.

    Raises CannotCompile, or StrangeFile.
    """
    # In the prefix's folder, which the next command removes if this one is killed.
    with sandbox.folder(prefix.parent, ".compile-") as own:
        listed, tree = own / "modules", own / "root"
        listed.write_text("".join(f"{module}\n" for module in modules), "utf-8", "surrogateescape")
        tree.mkdir(mode=0o700)
        # -B: what it imports itself is another package's
        python = [str(prefix / "bin/python3"), "-I", "-S", "-B", "-W", "ignore"]
        command = [*python, "-c", COMPILE, str(prefix), str(listed), str(tree)]
        done = sandbox.run(command, own, {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise CannotCompile(
                f"{prefix}/bin/python3 cannot compile: {said[-1]}",
                f"take that Python out of environment.yml, then: {retry_env_command()}",
            )
        known = set(modules)
        handover.take_over(
            tree,
            Path(),
            prefix,
            are_closed=sandbox.ends_all(),
            wanted=lambda path: source_of(path) in known,
        )


def source_of(path: str) -> str:
    """The module that a file of bytecode is of (PEP 3147); empty for any other file."""
    folder, cache, file = path.rpartition("__pycache__/")
    if not cache or not file.endswith(".pyc"):
        return ""
    # NAME.TAG.pyc, where the tag names the Python.
    return f"{folder}{file.rsplit('.', 2)[0]}.py"


def uncompiled(prefix: Path, record: RepoDataRecord) -> list[str]:
    """The modules of a package, unless it has bytecode of its own."""
    path = prefix / "conda-meta" / f"{manifest.package(record).stem}.json"
    files: list[str] = read_record(path)["files"]
    if any(file.endswith(".pyc") for file in files):
        return []
    return [file for file in files if file.endswith(".py") and "/site-packages/" in file]
