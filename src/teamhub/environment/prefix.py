"""One conda prefix, installed by rattler and finished to what conda expects of it."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.packages import requested_specs, verified_records
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from rattler import RepoDataRecord


class InstallFailed(TeamhubError):
    """A prefix could not be filled."""


def write_prefix(prefix: Path, environment: str, cache: Path) -> None:
    """Install one environment of the lock into `prefix`.

    In a process of its own: rattler's threads can abort an interpreter that exits normally
    (`PyGILState_Release`), and its memory goes back to the system at once.
    Raises InstallFailed, or CorruptPackage naming the file.
    """
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        try:
            pool.submit(install, prefix, environment, cache).result()
        except BrokenProcessPool as error:
            raise InstallFailed(
                f"installing {prefix} was cut short", "run again: dpkg --configure teamhub"
            ) from error


def install(prefix: Path, environment: str, cache: Path) -> None:
    """Fill `prefix` in this process."""
    import rattler

    records = verified_records(environment)
    specs = requested_specs()[environment]
    try:
        asyncio.run(
            rattler.install(
                records,
                prefix,
                cache_dir=cache,
                show_progress=False,
                # the binding takes the inner object only, though its type says otherwise
                requested_specs=[rattler.MatchSpec(spec)._match_spec for spec in specs],
                execute_link_scripts=False,
            )
        )
    except Exception as error:  # rattler raises errors of its own binding, without a common base
        raise InstallFailed(
            f"cannot install {prefix}: {one_line(error)}",
            "make room on the disk of /opt if that is the reason, then: dpkg --configure teamhub",
        ) from error
    finish(prefix, records, specs)


def one_line(error: Exception) -> str:
    """What failed and why: the first and the last line of rattler's chain of causes."""
    causes = [line.removeprefix("Caused by: ") for line in str(error).splitlines()]
    return ": ".join(dict.fromkeys([*causes[:1], *causes[-1:]]))


def finish(prefix: Path, records: list[RepoDataRecord], specs: list[str]) -> None:
    """Do what rattler leaves undone: conda's history, file modes, backups."""
    write_history(prefix, records, specs)
    for metadata in (prefix / "conda-meta").iterdir():
        metadata.chmod(0o644)
    for program in (prefix / "bin").iterdir():
        if not program.is_symlink():
            program.chmod(0o755)
    # The tag keeps a folder out of backups, and these are not a cache.
    (prefix / "CACHEDIR.TAG").unlink(missing_ok=True)


def write_history(prefix: Path, records: list[RepoDataRecord], specs: list[str]) -> None:
    """Write conda-meta/history: without its specs `conda remove` prunes nearly everything."""
    lines = [time.strftime("==> %Y-%m-%d %H:%M:%S <=="), "# cmd: teamhub"]
    lines += [
        f"+{record.channel}/{record.subdir}::"
        f"{record.name.normalized}-{record.version}-{record.build}"
        for record in records
    ]
    lines.append(f"# update specs: {specs!r}")
    (prefix / "conda-meta/history").write_text("\n".join(lines) + "\n", "utf-8")
