"""What an admin did in the environment with conda, pip or an editor is noticed, and not lost.

The tests build on one another.
"""

from __future__ import annotations

from support.container import BootedServer
from support.environment import (
    TeamChannel,
    Wheels,
    current,
    env,
    imports,
    is_as_it_was_made,
    team_file,
)

#: Installs a package into a prefix and writes its record, as conda does, by the library that a real
#: conda installs with.
CONDA_INSTALL = """
import asyncio, os, sys
from pathlib import Path
from rattler import MatchSpec, PrefixRecord, install, solve

prefix, channel, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

async def main():
    there = [PrefixRecord.from_path(path) for path in (prefix / "conda-meta").glob("*.json")]
    new = await solve([channel], [name])
    wanted = [MatchSpec(name)._match_spec]
    await install([*there, *new], prefix, cache_dir="/root/pkgs", requested_specs=wanted)

asyncio.run(main())
os._exit(0)
"""


def conda_install(server: BootedServer, name: str, channel: str) -> None:
    """Do by hand in the current environment what `conda install` does."""
    arguments = [f"{current(server)}/user", channel, name]
    library = "/usr/lib/teamhub"
    server.run("/usr/bin/python3", "-c", CONDA_INSTALL, *arguments, PYTHONPATH=library)


def test_what_pip_installed_is_reported_and_carried_over(
    server: BootedServer, wheels: Wheels
) -> None:
    wheels.make("byhand", "1.0")
    server.run("/opt/teamhub/current/user/bin/pip", "install", "byhand")
    assert "installed with pip: byhand 1.0" in env(server, "verify", check=False)
    before = current(server)
    env(server, "apply")
    assert current(server) != before
    assert imports(server, "byhand")
    assert "- byhand==1.0" in team_file(server)
    assert is_as_it_was_made(server)


def test_what_conda_installed_is_reported_and_carried_over(
    server: BootedServer, channel: TeamChannel
) -> None:
    conda_install(server, "lazy", channel.url)
    assert "installed with conda: lazy 1.0" in env(server, "verify", check=False)
    before = current(server)
    env(server, "apply")
    assert current(server) != before
    assert imports(server, "lazy")
    assert "- lazy ==1.0" in team_file(server)
    assert f"- {channel.url}" in team_file(server)
    assert is_as_it_was_made(server)


def test_an_edited_file_is_reported_before_anything_changes(server: BootedServer) -> None:
    before = current(server), team_file(server)
    server.run("sed", "-i", "$ a # by hand", f"{before[0]}/user/bin/jupyter-lab")
    assert "bin/jupyter-lab" in env(server, "remove", "byhand", check=False)
    assert (current(server), team_file(server)) == before
    env(server, "apply", "--discard")
    assert is_as_it_was_made(server)
