"""Which schemas of its database the hub that ships can start from: JupyterHub's own migrations."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

from teamhub_build.own_process import in_own_process
from teamhub_build.repodata import read_repodata
from teamhub_shared import TeamhubError

#: The packages that may have them; conda-forge splits JupyterHub into two.
HUB_PACKAGES = ("jupyterhub", "jupyterhub-base")
#: Where Alembic's migrations are in them.
MIGRATION = re.compile(r"jupyterhub/alembic/versions/\w+\.py$")
#: A migration gives its own name in its source.
REVISION = re.compile(r"^revision *= *['\"](\w+)['\"]", re.MULTILINE)


class UnreadablePackage(TeamhubError):
    """A conda package of the hub cannot be read."""


def hub_revisions(channel: Path) -> list[str]:
    """The revisions that the hub of a channel knows, sorted.

    None for a channel without its packages, which the server fetches.  Raises UnreadablePackage.
    """
    files = [
        channel / record["subdir"] / record["fn"]
        for record in read_repodata(channel)
        if record["name"] in HUB_PACKAGES
    ]
    there = [file for file in files if file.exists()]
    return in_own_process(all_revisions, there) if there else []


def all_revisions(files: Iterable[Path]) -> list[str]:
    """The revisions in all of these packages, sorted; in this process."""
    return sorted(revision for file in files for revision in revisions(file))


def revisions(file: Path) -> list[str]:
    """The revisions of the migrations in a conda package.  Raises UnreadablePackage."""
    try:
        sources = asyncio.run(migrations(file))
    except Exception as error:  # rattler's errors have no common base
        raise UnreadablePackage(
            f"{file} cannot be read: {' '.join(str(error).split())}",
            f"find .build -name {file.name} -delete; then build again",
        ) from error
    return [revision for source in sources for revision in REVISION.findall(source.decode())]


async def migrations(file: Path) -> list[bytes]:
    """The sources of the migrations in a conda package."""
    from rattler.package_streaming import PackageArchive

    package = await PackageArchive.from_path(file)
    names = [name for name in await package.list_files() if MIGRATION.search(name)]
    return [source for source in (await package.read_files(names)).values() if source]
