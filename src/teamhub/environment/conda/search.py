"""Which packages the channels have."""

from __future__ import annotations

import fnmatch
import shlex
from typing import TYPE_CHECKING

from teamhub.environment.conda.channels import explain, gateway, sources
from teamhub.environment.store.layout import Layout
from teamhub.environment.team.file import TeamPackages
from teamhub_shared import TeamhubError
from teamhub_shared.conda.platform import SUBDIRS
from teamhub_shared.conda.process import rattler_process

if TYPE_CHECKING:
    from rattler import RepoDataRecord

Row = dict[str, object]


def search(pattern: str, team: TeamPackages, layout: Layout) -> list[Row]:
    """The newest version of each package whose name has `pattern` in it, or matches it with *.

    Raises ChannelUnreachable or BadNetworkFile.
    """
    with rattler_process(shlex.join(["teamhub", "env", "search", pattern])) as rattler:
        return rattler.call(search_channels, pattern, team, layout)


def search_channels(pattern: str, team: TeamPackages, layout: Layout) -> list[Row]:
    """Search in this process."""
    import asyncio

    try:
        records = asyncio.run(newest(pattern, team, layout))
    except TeamhubError:
        raise
    except Exception as error:  # rattler raises errors of its own binding, without a common base
        raise explain(error, layout.team_file) from error
    return [
        {
            "name": record.name.normalized,
            "version": str(record.version),
            "channel": (record.channel or "").rstrip("/"),
        }
        for record in records
    ]


async def newest(pattern: str, team: TeamPackages, layout: Layout) -> list[RepoDataRecord]:
    """The newest record of each name that matches, sorted by name."""
    from rattler import Channel

    source = gateway(layout, from_memory=False)
    channels = [Channel(channel) for channel in sources(layout, team)]
    wanted = pattern.lower() if "*" in pattern else f"*{pattern.lower()}*"
    names = [name.normalized for name in await source.names(channels, SUBDIRS)]
    matching = sorted({name for name in names if fnmatch.fnmatchcase(name, wanted)})
    if not matching:
        return []
    answers = await source.query(channels, SUBDIRS, matching, recursive=False)
    found: dict[str, RepoDataRecord] = {}
    for record in (record for records in answers for record in records):
        best = found.setdefault(record.name.normalized, record)
        if record.version > best.version:
            found[record.name.normalized] = record
    return [found[name] for name in sorted(found)]
