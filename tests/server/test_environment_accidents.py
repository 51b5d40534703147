"""Whatever happens to a change of the environment, people have what they had, and it can be done.

The tests build on one another: one server meets one accident after the other.
"""

from __future__ import annotations

import hashlib
import signal
import time

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
from teamhub_shared import CHANNEL_DIR

EXHAUSTIVE = pytest.mark.exhaustive
UPDATE = ("teamhub", "env", "apply", "--update")


@pytest.fixture(scope="module", autouse=True)
def _team(server: BootedServer, channel: TeamChannel) -> None:
    """The team has a package of its own."""
    env(server, "add", "lazy", "--channel", channel.url)


@pytest.fixture(scope="module")
def seconds(server: BootedServer) -> float:
    """How long a change takes that nothing disturbs."""
    start = time.monotonic()
    server.run(*UPDATE)
    return time.monotonic() - start


def nothing_is_left(server: BootedServer) -> bool:
    """Whether every generation is complete."""
    marks = server.output("sh", "-c", "ls /opt/teamhub/generations/*/.complete")
    return len(marks.split()) == len(generations(server))


def killed(server: BootedServer, after: float) -> bool:
    """Kill a change so many seconds after its start; whether it had not ended before."""
    command = ["timeout", "--signal=KILL", f"{after:.3f}", *UPDATE]
    status = server.run(*command, check=False).returncode
    server.run("pkill", "--signal=KILL", "--full", " ".join(UPDATE), check=False)
    return status == -signal.SIGKILL


@pytest.mark.parametrize(
    "tenth",
    [0, 3, 6, 9, *(pytest.param(tenth, marks=EXHAUSTIVE) for tenth in (1, 2, 4, 5, 7, 8))],
)
def test_killed_in_the_middle_it_leaves_what_was(
    server: BootedServer, seconds: float, tenth: int
) -> None:
    after = seconds * (tenth + 0.5) / 11
    # where it was too late, the change has taken less time than the one that was measured
    while not killed(server, after):
        after *= 0.7
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


def test_a_full_disk_is_named_and_leaves_what_was(
    server: BootedServer, channel: TeamChannel
) -> None:
    server.run("mount", "-t", "tmpfs", "tmpfs", "/opt/teamhub")
    server.run("teamhub", "setup", "environment")
    used = server.output("df", "--output=used", "--block-size=1M", "/opt/teamhub").split()[-1]
    before = current(server), generations(server), team_file(server)
    big = {f"share/big/{n}": hashlib.sha256(b"%d" % n).hexdigest() * 20_000 for n in range(100)}
    channel.add("big", files=big)
    for room in (0, 60):
        server.run("mount", "-o", f"remount,size={int(used) + room}M", "/opt/teamhub")
        words = env(server, "add", "big", check=False)
        assert "No space left on device" in words
        assert "make room on the disk of /opt/teamhub" in words
        assert (current(server), generations(server), team_file(server)) == before
    assert imports(server, "lazy")
    server.run("mount", "-o", "remount,size=8G", "/opt/teamhub")
    env(server, "add", "big")
    assert is_as_it_was_made(server)
