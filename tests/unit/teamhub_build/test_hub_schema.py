"""The schemas that the shipped hub knows, out of real conda packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub_build.hub_schema import UnreadablePackage, hub_revisions

VERSIONS = "lib/python3.11/site-packages/jupyterhub/alembic/versions"


def test_each_migration_gives_its_own_revision(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    files = {
        f"{VERSIONS}/2222_more.py": "down_revision = '1111aaaa'\nrevision = '2222bbbb'\n",
        f"{VERSIONS}/1111_base.py": 'revision = "1111aaaa"\ndown_revision = None\n',
    }
    channel.add("jupyterhub-base", files=files)
    channel.add("jupyterhub")
    assert hub_revisions(channel.folder) == ["1111aaaa", "2222bbbb"]


def test_packages_that_the_server_fetches_tell_nothing(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    channel.add("jupyterhub", files={f"{VERSIONS}/1.py": "revision = '1'\n"}).unlink()
    assert hub_revisions(channel.folder) == []


def test_a_damaged_package_is_named(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    file = channel.add("jupyterhub")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UnreadablePackage, match=str(file)):
        hub_revisions(channel.folder)
