"""One conda prefix, installed by rattler and finished to what conda expects of it."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from teamhub.environment.conda.bytecode import write_bytecode
from teamhub.environment.conda.channels import explain, network_settings
from teamhub.environment.conda.packages import locked_records, verify_files
from teamhub.environment.conda.progress import Progress
from teamhub.environment.store import manifest
from teamhub.environment.store.layout import Layout
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError
from teamhub_shared.conda import network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rattler import InstallerReporter, RepoDataRecord

#: A download that received nothing for so long has failed.
STALLED_SECONDS = 60.0
#: An installation that takes longer is given up: nothing may hold dpkg up for ever.
LONGEST_SECONDS = 3600.0
LOOK_SECONDS = 0.2
WRITE_SECONDS = 0.3


class InstallFailed(TeamhubError):
    """A prefix could not be filled."""


def write_prefix(
    generation: Path, environment: str, lock: Path, specs: list[str], layout: Layout
) -> tuple[manifest.Package, ...]:
    """Install an environment of the lock into `generation`, in this process.

    `specs` is what it was solved for.  Returns its packages.
    Raises InstallFailed, ChannelUnreachable, or CorruptPackage naming the file.
    """
    records = locked_records(lock, environment)
    with written_meanwhile(layout.root):
        install(generation / environment, records, specs, layout)
    return tuple(map(manifest.package, records))


@contextmanager
def written_meanwhile(folder: Path) -> Iterator[None]:
    """Write to the disk while packages are unpacked, which takes the processor.

    A generation is synced at its end; the kernel would begin to write only then.  That
    sync reports what the disk cannot take; nobody waits for one of these.
    """
    ended = threading.Event()

    def write() -> None:
        sync = None
        while not ended.wait(WRITE_SECONDS):
            if sync is None or sync.poll() is not None:
                sync = subprocess.Popen(
                    ["sync", "--file-system", folder], stderr=subprocess.DEVNULL
                )

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(write)
        try:
            yield
        finally:
            ended.set()


def install(prefix: Path, records: list[RepoDataRecord], specs: list[str], layout: Layout) -> None:
    """Fill `prefix` from a cache whose entries have been compared with their hashes."""
    addresses = [record.url for record in records]
    link(prefix, records, specs, layout)
    note_addresses(prefix, records, addresses)
    finish(prefix, records, specs, layout)


def link(prefix: Path, records: list[RepoDataRecord], specs: list[str], layout: Layout) -> None:
    """Have rattler fill `prefix`.

    Raises InstallFailed, ChannelUnreachable or CorruptPackage.
    """
    import asyncio

    try:
        asyncio.run(linked(prefix, records, specs, layout))
    except TeamhubError:
        raise
    except Exception as error:  # rattler raises errors of its own binding, without a common base
        raise failure(prefix, error, layout) from error


async def linked(
    prefix: Path,
    records: list[RepoDataRecord],
    specs: list[str],
    layout: Layout,
) -> None:
    """Fetch what the cache does not have, and link it all into `prefix`."""
    import asyncio

    import rattler

    # Its entries have been compared already (cache.py).
    validation = rattler.ValidationMode.skip()
    cache = rattler.PackageCache.new_layered([layout.cache], validation_mode=validation)
    index = await cache.index()
    verify_files([r for r in records if not index.contains_record(r)], layout.channel)
    settings = network_settings(layout.network_file)
    progress = Progress(prefix.name)
    end = time.monotonic() + LONGEST_SECONDS
    work = asyncio.ensure_future(
        rattler.install(
            records,
            prefix,
            package_cache=cache,
            show_progress=False,
            # the binding takes the inner object only, though its type says otherwise
            requested_specs=[rattler.MatchSpec(spec)._match_spec for spec in specs],
            execute_link_scripts=False,
            client=network.client(settings),
            config=settings,
            # it calls those of the methods that are there
            reporter=cast("InstallerReporter", progress),
        )
    )
    while not (await asyncio.wait([work], timeout=LOOK_SECONDS))[0]:
        if progress.stalled_for() > STALLED_SECONDS:
            raise given_up(f"{progress.fetching()}: nothing received for {STALLED_SECONDS:.0f} s")
        if time.monotonic() > end:
            raise given_up(
                f"{progress.fetching()}: incomplete after {LONGEST_SECONDS / 60:.0f} min"
            )
    progress.end()
    work.result()


def given_up(problem: str) -> InstallFailed:
    """The error for packages that do not arrive; those that did are in the cache."""
    return InstallFailed(
        problem,
        f"see that the channel can be reached, then: {retry_env_command()} (downloads are kept)",
    )


def failure(prefix: Path, error: Exception, layout: Layout) -> TeamhubError:
    """Why `prefix` could not be filled."""
    words = one_line(error)
    if "://" in words:
        return explain(error, layout.team_file)
    problem, retry = f"cannot install {prefix}: {words}", retry_env_command()
    if "No space left" in words:
        return InstallFailed(problem, f"make room on the disk of {layout.root}, then: {retry}")
    if "builder error" in words:  # reqwest's, whose only input here is the environment
        return InstallFailed(
            problem,
            f"correct the paths in SSL_CERT_FILE and SSL_CERT_DIR, or unset both, then: {retry}",
        )
    return InstallFailed(problem, f"try again: {retry}")


def one_line(error: Exception) -> str:
    """What failed and why: the first and the last line of rattler's chain of causes."""
    causes = [line.removeprefix("Caused by: ") for line in str(error).splitlines()]
    return ": ".join(dict.fromkeys([*causes[:1], *causes[-1:]]))


def note_addresses(prefix: Path, records: list[RepoDataRecord], addresses: list[str]) -> None:
    """Have conda-meta name a package's own channel if its file came with teamhub.

    The next version of teamhub removes the file, and another machine does not have it.
    """
    for record, address in zip(records, addresses, strict=True):
        if record.url != address:
            path = prefix / "conda-meta" / f"{manifest.package(record).stem}.json"
            # as text: most of a record is the list of its files, which takes a while to read
            was, is_ = (f'"url": {json.dumps(url)}' for url in (record.url, address))
            path.write_text(path.read_text("utf-8").replace(was, is_, 1), "utf-8")


def finish(prefix: Path, records: list[RepoDataRecord], specs: list[str], layout: Layout) -> None:
    """Do what rattler leaves undone: conda's history, file modes, backups."""
    write_history(prefix, records, specs)
    for metadata in (prefix / "conda-meta").iterdir():
        metadata.chmod(0o644)
    for program in (prefix / "bin").iterdir():
        # A hardlink shares its mode with the cache and every generation; it is right already.
        if not program.is_symlink() and program.stat().st_nlink == 1:
            program.chmod(0o755)
    # The tag keeps a folder out of backups, and these are not a cache.
    (prefix / "CACHEDIR.TAG").unlink(missing_ok=True)
    write_bytecode(prefix, records, layout.channel)
    if any(record.name.normalized == "conda" for record in records):
        write_condarc(prefix, records)


def write_condarc(prefix: Path, records: list[RepoDataRecord]) -> None:
    """Have conda use the channels of its packages: its own default asks for a licence."""
    channels = dict.fromkeys((record.channel or "").rstrip("/") for record in records)
    text = json.dumps({"channels": list(channels), "auto_update_conda": False}, indent=2)
    # JSON is YAML, and no address has to be put into quotes
    (prefix / ".condarc").write_text(text + "\n", "utf-8")


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
