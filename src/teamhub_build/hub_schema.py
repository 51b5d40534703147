"""Which schemas of its database the hub that ships can start from: JupyterHub's own migrations."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from rattler.package_streaming import PackageArchive

from teamhub_build.repodata import read_repodata

#: The packages that may have them; conda-forge splits JupyterHub into two.
HUB_PACKAGES = ("jupyterhub", "jupyterhub-base")
#: Where Alembic's migrations are in them.
MIGRATION = re.compile(r"jupyterhub/alembic/versions/\w+\.py$")
#: A migration gives its own name in its source.
REVISION = re.compile(r"^revision *= *['\"](\w+)['\"]", re.MULTILINE)


def hub_revisions(channel: Path) -> list[str]:
    """The revisions that the hub of a channel knows, sorted.

    None for a channel without its packages, which the server fetches.
    """
    files = [
        channel / record["subdir"] / record["fn"]
        for record in read_repodata(channel)
        if record["name"] in HUB_PACKAGES
    ]
    known = [asyncio.run(package_revisions(file)) for file in files if file.exists()]
    return sorted(revision for revisions in known for revision in revisions)


async def package_revisions(file: Path) -> list[str]:
    """The revisions of the migrations in a conda package."""
    package = await PackageArchive.from_path(file)
    migrations = [name for name in await package.list_files() if MIGRATION.search(name)]
    sources = (await package.read_files(migrations)).values()
    return [
        revision for source in sources if source for revision in REVISION.findall(source.decode())
    ]
