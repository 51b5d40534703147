"""Where everything lies, for the server's code and for the maintainer scripts alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from teamhub.environment.store.layout import SERVER, Layout

POSTRM = Path(__file__).parents[5] / "maintscripts/postrm"

#: What the server writes; all other paths are the package's or the admin's.
WRITTEN = (
    "generations",
    "current",
    "cache",
    "repodata",
    "pip_cache",
    "history",
    "busy",
)


def properties() -> set[str]:
    """The names of all paths that a layout derives."""
    return {name for name, value in vars(Layout).items() if isinstance(value, property)}


def test_all_that_is_written_lies_below_the_root(tmp_path: Path) -> None:
    layout = Layout(root=tmp_path)
    assert properties() - set(WRITTEN) == {"shipped_lock"}
    assert {getattr(layout, name).parent for name in WRITTEN} == {tmp_path}
    assert len({getattr(layout, name) for name in WRITTEN}) == len(WRITTEN)


def test_a_removal_takes_the_root_with_all_of_it() -> None:
    lines = [line.strip(" \t&") for line in POSTRM.read_text().splitlines()]
    for path in (SERVER.root, SERVER.cache, SERVER.generations):
        assert f"rm -rf --one-file-system {path}" in lines


def test_the_lock_that_ships_is_in_the_channel_that_ships(tmp_path: Path) -> None:
    layout = dataclasses.replace(SERVER, channel=tmp_path)
    assert layout.shipped_lock.parent == tmp_path


def test_the_admins_files_are_in_etc() -> None:
    assert {SERVER.team_file.parent, SERVER.network_file.parent} == {Path("/etc/teamhub")}
