"""Which schemas of its database the hub that ships can start from: JupyterHub's own migrations."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from rattler.package_streaming import extract

from teamhub_build.repodata import read_repodata

#: The packages that may have them; conda-forge splits JupyterHub into two.
HUB_PACKAGES = ("jupyterhub", "jupyterhub-base")
#: A migration of Alembic's gives its own name in its source.
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
    return sorted(
        revision for file in files if file.exists() for revision in package_revisions(file)
    )


def package_revisions(package: Path) -> list[str]:
    """The revisions of the migrations in a conda package."""
    with tempfile.TemporaryDirectory() as folder:
        extract(package, Path(folder))
        return [
            revision
            for migration in Path(folder).glob("**/jupyterhub/alembic/versions/*.py")
            for revision in REVISION.findall(migration.read_text("utf-8"))
        ]
