"""Whatever happens to a change of the environment, people have what they had, and it can be done.

The tests build on one another: one server meets one accident after the other.
"""

from __future__ import annotations

import hashlib
import signal

import pytest

from support.container import BootedServer
from support.environment import (
    TeamChannel,
    current,
    env,
    generations,
    imports,
    is_as_it_was_made,
    team_file,
)
from support.killing import DIES_AT_STEP
from teamhub_shared import CHANNEL_DIR

EXHAUSTIVE = pytest.mark.exhaustive
UPDATE = ("teamhub", "env", "apply", "--update")
#: The installed command, which dies at a step.
KILLED = f"""\
import sys
sys.path.insert(0, "/usr/lib/teamhub")
{DIES_AT_STEP}
import runpy
runpy.run_path("/usr/sbin/teamhub", run_name="__main__")
"""
#: When a change is killed: where it would call a function of teamhub.environment for so many times.
BEFORE_THE_MOVE = {
    "packages are chosen": ("conda.solver", "write_lock", 1),
    "ten packages are linked": ("conda.progress", "Progress.on_link_start", 11),
    "a hundred packages are linked": ("conda.progress", "Progress.on_link_start", 101),
    "pip begins": ("pip_packages", "install", 1),
    "the checks run": ("building", "sync", 1),
    "the checks have passed": ("store.generations", "switch", 1),
}
AFTER_THE_MOVE = {
    "it is current": ("store.history", "write", 1),
    "it is recorded": ("store.prune", "prune", 1),
}
MOMENTS = BEFORE_THE_MOVE | AFTER_THE_MOVE
#: Those in which most is under way, one in the worker, one beside the checks, and one in the move.
ALWAYS = ("a hundred packages are linked", "the checks run", "it is current")


@pytest.fixture(scope="module", autouse=True)
def _team(server: BootedServer, channel: TeamChannel) -> None:
    """The team has a package of its own."""
    env(server, "add", "lazy", "--channel", channel.url)


def nothing_is_left(server: BootedServer) -> bool:
    """Whether every generation is complete."""
    marks = server.output("sh", "-c", "ls /opt/teamhub/generations/*/.complete")
    return len(marks.split()) == len(generations(server))


def kill_at(server: BootedServer, moment: str) -> int:
    """Begin a change that is killed at this moment; its exit status."""
    module, function, number = MOMENTS[moment]
    step = (f"teamhub.environment.{module}", function, str(number))
    command = ("python3", "-IB", "-c", KILLED, *step, *UPDATE[1:])
    return server.run(*command, check=False).returncode


@pytest.mark.fault(
    "a change of the environment killed",
    person="the environment before, or the new one, whole",
    admin="the shell: killed",
    remedy="the same command again",
)
@pytest.mark.parametrize(
    "moment",
    [pytest.param(name, marks=() if name in ALWAYS else EXHAUSTIVE) for name in MOMENTS],
)
def test_killed_in_the_middle_people_have_a_whole_environment(
    server: BootedServer, moment: str
) -> None:
    before = current(server)
    assert kill_at(server, moment) == -signal.SIGKILL
    assert (current(server) == before) == (moment in BEFORE_THE_MOVE)
    server.run("test", "-e", f"{current(server)}/.complete")
    assert imports(server, "lazy")


def test_after_that_it_finishes_and_nothing_is_left(server: BootedServer) -> None:
    server.run(*UPDATE)
    assert is_as_it_was_made(server)
    assert nothing_is_left(server)


def test_two_at_once_wait_for_one_another(server: BootedServer) -> None:
    update = " ".join(UPDATE)
    done = server.run("sh", "-c", f"{update} & {update} || exit; wait $!")
    assert "waiting for it to end" in done.stderr
    assert is_as_it_was_made(server)
    assert nothing_is_left(server)


@pytest.mark.fault(
    "a tampered package in the channel",
    person="nothing: people work on",
    admin="its file and its sha256",
    remedy="apt install --reinstall teamhub",
)
def test_a_tampered_package_is_refused_by_name(server: BootedServer) -> None:
    shipped = server.output("sh", "-c", f"ls {CHANNEL_DIR}/noarch/idna-*.conda")
    # what is unpacked already is not read again
    server.run("sh", "-c", "rm -r /opt/teamhub/pkgs/idna-*")
    server.run("cp", "--preserve", shipped, "/srv/idna.conda")
    server.run("sh", "-c", f"printf x | dd of={shipped} bs=1 seek=200 conv=notrunc")
    before = current(server), generations(server), team_file(server)
    failed = server.run(*UPDATE, check=False)
    assert failed.returncode != 0
    assert f"{shipped}: its sha256 is " in failed.stderr
    assert "apt install --reinstall teamhub" in failed.stderr
    assert (current(server), generations(server), team_file(server)) == before
    assert imports(server, "lazy")
    server.run("cp", "--preserve", "/srv/idna.conda", shipped)
    server.run(*UPDATE)
    assert is_as_it_was_made(server)


@pytest.mark.fault(
    "/opt full at a change of the environment",
    person="nothing: people work on",
    admin="how much is needed and how much is free",
    remedy="making room, then the same command",
)
def test_a_full_disk_is_named_and_leaves_what_was(
    server: BootedServer, channel: TeamChannel
) -> None:
    server.run("mount", "-t", "tmpfs", "tmpfs", "/opt/teamhub")
    server.run("teamhub", "setup", "environment")
    used = server.output("df", "--output=used", "--block-size=1M", "/opt/teamhub").split()[-1]
    before = current(server), generations(server), team_file(server)
    big = {f"share/big/{n}": hashlib.sha256(b"%d" % n).hexdigest() * 20_000 for n in range(100)}
    channel.add("big", files=big)
    refusals = {
        0: "/opt/teamhub needs 61 MB on its disk, 0 MB are free\n"
        "  What to do: make room there (df -h /opt/teamhub), then: teamhub env apply",
        # more than is asked for, as the package is so much larger than its file
        80: "No space left on device",
    }
    for room, refusal in refusals.items():
        server.run("mount", "-o", f"remount,size={int(used) + room}M", "/opt/teamhub")
        words = env(server, "add", "big", check=False)
        assert refusal in words
        assert ("make room on the disk of /opt/teamhub" in words) == (room > 0)
        assert (current(server), generations(server), team_file(server)) == before
    assert imports(server, "lazy")
    server.run("mount", "-o", "remount,size=8G", "/opt/teamhub")
    env(server, "add", "big")
    assert is_as_it_was_made(server)
