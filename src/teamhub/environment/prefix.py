"""One conda prefix, installed by rattler and finished to what conda expects of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from teamhub.environment import manifest
from teamhub.environment.channels import client, explain
from teamhub.environment.layout import Layout
from teamhub.environment.packages import locked_records, verify_files
from teamhub.environment.progress import Progress
from teamhub.environment.remedies import again
from teamhub.environment.syncs import leave_out_syncs
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rattler import InstallerReporter, RepoDataRecord

#: A download from which nothing came for so long has ended.
STALLED_SECONDS = 60.0
LOOK_SECONDS = 0.2


class InstallFailed(TeamhubError):
    """A prefix could not be filled."""


def write_prefixes(
    generation: Path, lock: Path, specs: Mapping[str, list[str]], layout: Layout
) -> tuple[manifest.Package, ...]:
    """Install each environment of the lock into `generation`, in this process.

    `specs` is what each was solved for.  Nothing is synced; the caller does that for the whole.
    Returns the packages of the user environment.
    Raises InstallFailed, ChannelUnreachable, or CorruptPackage naming the file.
    """
    leave_out_syncs()
    installed: list[RepoDataRecord] = []
    for environment, requested in specs.items():
        installed = locked_records(lock, environment)
        install(generation / environment, installed, requested, layout)
    return tuple(map(manifest.package, installed))


def install(prefix: Path, records: list[RepoDataRecord], specs: list[str], layout: Layout) -> None:
    """Fill `prefix`."""
    import asyncio

    try:
        asyncio.run(linked(prefix, records, specs, layout))
    except TeamhubError:
        raise
    except Exception as error:  # rattler raises errors of its own binding, without a common base
        raise failure(prefix, error, layout) from error
    finish(prefix, records, specs)


async def linked(
    prefix: Path, records: list[RepoDataRecord], specs: list[str], layout: Layout
) -> None:
    """Fetch what the cache has not, and link it all into `prefix`."""
    import asyncio

    import rattler

    cached = await rattler.PackageCache(layout.cache).index()
    verify_files([r for r in records if not cached.contains_record(r)], layout.channel)
    progress = Progress(prefix.name)
    work = asyncio.ensure_future(
        rattler.install(
            records,
            prefix,
            cache_dir=layout.cache,
            show_progress=False,
            # the binding takes the inner object only, though its type says otherwise
            requested_specs=[rattler.MatchSpec(spec)._match_spec for spec in specs],
            execute_link_scripts=False,
            client=client(layout),
            # it calls those of the methods that are there
            reporter=cast("InstallerReporter", progress),
        )
    )
    while not (await asyncio.wait([work], timeout=LOOK_SECONDS))[0]:
        if progress.stalled_for() > STALLED_SECONDS:
            raise InstallFailed(
                f"nothing came for {STALLED_SECONDS:.0f} s of {progress.fetching()}",
                f"see that the channel can be reached, then: {again()}",
            )
    progress.end()
    work.result()


def failure(prefix: Path, error: Exception, layout: Layout) -> TeamhubError:
    """Why `prefix` could not be filled."""
    words = one_line(error)
    if "://" in words:
        return explain(error, layout.team_file)
    full = "No space left" in words
    remedy = f"make room on the disk of {layout.root}" if full else "try again"
    return InstallFailed(f"cannot install {prefix}: {words}", f"{remedy}: {again()}")


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
        # A hardlink's mode is the cache's and every generation's, and is right already.
        if not program.is_symlink() and program.stat().st_nlink == 1:
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
