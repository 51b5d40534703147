"""What an admin did in the environment with conda, pip or an editor is noticed, and not lost.

The tests build on one another.
"""

from __future__ import annotations

import pytest

from support.container import BootedServer
from support.environment import (
    TeamChannel,
    Wheels,
    current,
    env,
    history,
    imports,
    is_as_it_was_made,
    team_file,
)
from support.hub_client import HubClient
from support.installation import APT, Installation, Target, wait_for_login_page
from support.waiting import wait_for

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


@pytest.mark.fault(
    "a file of the environment edited in place",
    person="what was edited",
    admin="each change of the environment names it",
    remedy="teamhub env apply --discard",
)
def test_an_edited_file_is_reported_before_anything_changes(server: BootedServer) -> None:
    before = current(server), team_file(server)
    server.run("sed", "-i", "$ a # by hand", f"{before[0]}/user/bin/jupyter-lab")
    assert "bin/jupyter-lab" in env(server, "remove", "byhand", check=False)
    assert (current(server), team_file(server)) == before
    env(server, "apply", "--discard")
    assert is_as_it_was_made(server)


def truncate(server: BootedServer, file: str) -> None:
    """Cut a file short in place, in every generation that shares it."""
    server.run("truncate", "--size=1000", file)


def is_in_the_journal(server: BootedServer, words: str) -> bool:
    """Whether the hub's journal has these words."""
    return words in server.output("journalctl", "--unit=teamhub", "--boot", "--output=cat")


@pytest.mark.fault(
    "a .so cut short",
    person="an import fails; kernels that have it go on",
    admin="`env verify`: changed, with the package and the file",
    remedy="teamhub env repair",
)
@pytest.mark.every_suite
def test_a_library_that_was_cut_short_is_named_and_repaired_under_a_running_kernel(
    server: BootedServer, zoe: HubClient
) -> None:
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "x = 6")
    pattern = f"{current(server)}/user/lib/python3*/site-packages/numpy/fft/_pocketfft*.so"
    library = server.output("sh", "-c", f"ls {pattern}")
    truncate(server, library)
    verified = server.run("teamhub", "env", "verify", check=False)
    inside = library.removeprefix(f"{current(server)}/")
    assert verified.returncode == 1
    assert f"changed: numpy: {inside}" in verified.stdout
    assert "teamhub env repair" in verified.stderr
    assert "people's environment: numpy: " in env(server, "repair")
    assert is_as_it_was_made(server)
    cell = "import numpy.fft; print(x * 7, len(numpy.fft.fft([1, 2])))"
    assert zoe.run_cell(kernel, cell) == "42 2\n"


def test_a_damaged_file_of_pip_is_repaired_from_its_wheel(server: BootedServer) -> None:
    pattern = f"{current(server)}/user/lib/python3*/site-packages/byhand.py"
    server.run("truncate", "--size=0", server.output("sh", "-c", f"ls {pattern}"))
    assert "changed: byhand: " in env(server, "verify", check=False)
    assert "people's environment: byhand: " in env(server, "repair")
    assert is_as_it_was_made(server)
    assert imports(server, "byhand")


@pytest.mark.fault(
    "the hub's environment damaged",
    person="no page until it is healed",
    admin="`check-config` and the journal: which file of which package",
    remedy="teamhub env repair",
)
def test_a_hub_whose_environment_is_damaged_says_so_and_starts_once_it_is_repaired(
    server: BootedServer, installed: Installation
) -> None:
    server.run("sh", "-c", f"rm -r {current(server)}/hub/lib/python3*/site-packages/tornado")
    said = "the hub's environment is damaged: /opt/teamhub/current/hub/lib/python3"
    checked = server.run("teamhub", "check-config", check=False)
    assert checked.returncode == 1
    assert said in checked.stderr
    assert "/tornado/__init__.py of package tornado is changed or gone (and " in checked.stderr
    assert "teamhub env repair" in checked.stderr
    assert "jupyterhub_config" not in checked.stderr
    assert "removed: tornado: hub/lib" in env(server, "verify", check=False)
    server.run("systemctl", "restart", "teamhub")
    wait_for("the reason in the journal", lambda: is_in_the_journal(server, said), 30)
    assert "the hub's environment: tornado: " in env(server, "repair")
    assert server.output("teamhub", "check-config") == "The hub can start with this configuration."
    wait_for_login_page(server, installed.ca)
    assert is_as_it_was_made(server)


def damaged(fault: str) -> pytest.MarkDecorator:
    """The fault of a file that the generations are known by."""
    seen = {"person": "nothing: who works, works on", "admin": "each command: it is damaged"}
    return pytest.mark.fault(fault, **seen, remedy="teamhub env repair")


GARBAGE = 'echo "{garbage" >"$1"'


@pytest.mark.parametrize(
    ("file", "how"),
    [
        pytest.param("current", 'rm "$1"', marks=damaged("`current` missing")),
        pytest.param(
            "current", 'ln -sfn generations/gone "$1"', marks=damaged("`current` dangling")
        ),
        pytest.param("history.jsonl", GARBAGE, marks=damaged("history.jsonl garbage")),
        pytest.param("history.jsonl", ': >"$1"', marks=damaged("history.jsonl empty")),
        pytest.param("current/generation.json", GARBAGE, marks=damaged("generation.json garbage")),
        pytest.param("current/generation.json", ': >"$1"', marks=damaged("generation.json empty")),
    ],
    ids=["no current", "dangling", "history garbage", "no history", "garbage", "empty"],
)
def test_what_the_generations_are_known_by_is_named_where_it_is_damaged_and_repaired(
    server: BootedServer, file: str, how: str
) -> None:
    path = f"/opt/teamhub/{file}"
    was = current(server)
    server.run("sh", "-c", how, "sh", path)
    for command in ("env list", "env rollback", "env verify", "env history --json", "status"):
        done = server.run("teamhub", *command.split(), check=False)
        if command.startswith("env history") and file == "current":
            continue
        assert done.returncode == 1, command
        assert "Traceback" not in done.stderr
        named = path.replace("/opt/teamhub/current/", f"{was}/")
        assert f"{named} is damaged: " in done.stderr
        assert "teamhub env repair" in done.stderr
    env(server, "repair")
    assert current(server) == was
    assert is_as_it_was_made(server)
    server.run("teamhub", "status")


@pytest.mark.fault(
    "both prefixes damaged, and `current` gone",
    person="no page until it is healed",
    admin="as above",
    remedy="apt install --reinstall teamhub",
)
@pytest.mark.exhaustive
def test_installing_the_same_version_again_repairs(server: BootedServer, target: Target) -> None:
    pattern = f"{current(server)}/*/lib/python3*/site-packages/tornado/web.py"
    for file in server.output("sh", "-c", f"ls {pattern}").split():
        truncate(server, file)
    server.run("rm", "/opt/teamhub/current")
    was = history(server)[-1]["generation"]
    server.run(
        *APT, "install", "--reinstall", target.package_on_server, DEBIAN_FRONTEND="noninteractive"
    )
    assert is_as_it_was_made(server)
    assert history(server)[-1]["generation"] == was
