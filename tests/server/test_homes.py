"""People's servers in homes that are missing, somebody else's, full or read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import PASSWORDS
from support.settings import APPLY

HOME = "/home/zoe"
LogIn = Callable[[str], HubClient]


@pytest.fixture
def aside(server: BootedServer) -> Iterator[None]:
    """Moves zoe's home away for a test."""
    server.run("mv", HOME, "/root/zoe")
    yield
    server.run("rm", "-rf", HOME)
    server.run("mv", "/root/zoe", HOME)


def page_after_a_start(person: HubClient) -> str:
    """What the page says that a person sees who starts their server."""
    person.log_in(PASSWORDS[person.user]).raise_for_status()
    return person.get(f"/hub/spawn/{person.user}").text


@pytest.mark.fault(
    "a home missing",
    person="the page: the home folder does not exist",
    admin="the journal, and `apply` with the command",
    remedy="mkhomedir_helper NAME",
)
@pytest.mark.usefixtures("aside")
def test_without_a_home_the_person_reads_what_is_missing_and_the_admin_too(
    server: BootedServer, client: LogIn
) -> None:
    page = page_after_a_start(client("zoe"))
    assert "the home folder /home/zoe does not exist" in page
    assert "ask the administrator" in page
    journal = server.output("journalctl", "--unit=teamhub", "--output=cat")
    assert "The server of zoe was not started: the home folder /home/zoe does not exist" in journal
    applied = server.run(*APPLY)
    assert "mkhomedir_helper zoe" in applied.stdout + applied.stderr


@pytest.mark.usefixtures("aside")
def test_the_command_that_the_admin_is_told_makes_it(server: BootedServer, client: LogIn) -> None:
    server.run("mkhomedir_helper", "zoe")
    zoe = client("zoe")
    zoe.log_in(PASSWORDS["zoe"])
    zoe.spawn()
    zoe.stop()


@pytest.mark.fault(
    "a home that belongs to another",
    person="the page: it belongs to another",
    admin="the journal, the same words",
    remedy="chown, as `apply` says",
)
@pytest.mark.usefixtures("aside")
def test_a_home_of_somebody_else_is_named(server: BootedServer, client: LogIn) -> None:
    server.run("install", "--directory", "--owner=wash", "--mode=755", HOME)
    page = page_after_a_start(client("zoe"))
    assert "the home folder /home/zoe belongs to wash, not to zoe" in page


def small_home(server: BootedServer, options: str) -> None:
    """Give zoe a home on a file system of its own."""
    uid, gid = (server.output("id", flag, "zoe") for flag in ("-u", "-g"))
    options = f"{options},uid={uid},gid={gid},mode=700"
    server.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", HOME)


@pytest.fixture(params=["new", "used"])
def full_home(request: pytest.FixtureRequest, server: BootedServer) -> Iterator[None]:
    """A home of zoe's without room for one byte: one that has never been used, or her own."""
    server.run("cp", "--archive", HOME, "/root/copy")
    small_home(server, "size=4m")
    if request.param == "used":
        server.run("cp", "--archive", "/root/copy/.", HOME)
    server.run("dd", "if=/dev/zero", f"of={HOME}/full", "bs=4k", check=False)
    assert server.output("stat", "--file-system", "--format=%a", HOME) == "0"
    yield
    server.run("umount", HOME)
    server.run("rm", "-r", "/root/copy")


@pytest.mark.fault(
    "a full home",
    person="the server and kernels start; Lab says that it is full",
    admin="nothing",
    remedy="the person deletes files in Lab",
)
@pytest.mark.usefixtures("full_home")
def test_in_a_full_home_a_server_and_a_kernel_start_and_the_person_makes_room(
    client: LogIn,
) -> None:
    assert_room_can_be_made(client("zoe"))


@pytest.fixture
def home_without_inodes(server: BootedServer) -> Iterator[None]:
    """A home in which not even an empty file can be made."""
    small_home(server, "size=1m,nr_inodes=2")
    server.run("touch", f"{HOME}/full")
    assert server.output("stat", "--file-system", "--format=%d", HOME) == "0"
    yield
    server.run("umount", HOME)


@pytest.mark.fault(
    "a home without inodes",
    person="the server and kernels start",
    admin="nothing",
    remedy="the person deletes files in Lab",
)
@pytest.mark.usefixtures("home_without_inodes")
def test_where_no_file_can_be_made_a_server_starts_as_well(client: LogIn) -> None:
    assert_room_can_be_made(client("zoe"))


def assert_room_can_be_made(zoe: HubClient) -> None:
    zoe.log_in(PASSWORDS["zoe"])
    zoe.spawn()
    try:
        assert zoe.compute(f"import os; os.remove('{HOME}/full'); print('gone')") == "gone\n"
        assert zoe.compute(f"print(open('{HOME}/again', 'w').write('room'))") == "4\n"
    finally:
        zoe.stop()


@pytest.fixture
def read_only_home(server: BootedServer) -> Iterator[None]:
    """A home as a file system that has seen an error leaves it."""
    server.run("mount", "--bind", "-o", "ro", HOME, HOME)
    yield
    server.run("umount", HOME)


@pytest.mark.fault(
    "a home that is read-only",
    person="the server starts; files can be read",
    admin="nothing",
    remedy="mounting it again",
)
@pytest.mark.usefixtures("read_only_home")
def test_in_a_read_only_home_people_still_reach_their_files(client: LogIn) -> None:
    zoe = client("zoe")
    zoe.log_in(PASSWORDS["zoe"])
    zoe.spawn()
    try:
        assert ".bashrc" in zoe.compute(f"import os; print(os.listdir('{HOME}'))")
    finally:
        zoe.stop()


@pytest.fixture
def home_disk_full(server: BootedServer) -> Iterator[None]:
    """The disk of everybody's home without room for one byte."""
    server.run("cp", "--archive", "/home", "/root/homes")
    server.run("mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", "/home")
    server.run("cp", "--archive", "/root/homes/.", "/home")
    server.as_user("zoe", "dd", "if=/dev/zero", f"of={HOME}/full", "bs=4k")
    assert server.output("stat", "--file-system", "--format=%a", "/home") == "0"
    yield
    server.run("umount", "/home")
    server.run("rm", "-r", "/root/homes")


@pytest.mark.fault(
    "/home full",
    person="the server and kernels start; whoever deletes a file makes room",
    admin="`df`: the disk of /home is full",
    remedy="making room",
)
@pytest.mark.usefixtures("home_disk_full")
def test_on_a_full_disk_of_all_homes_a_server_starts_as_well(client: LogIn) -> None:
    assert_room_can_be_made(client("zoe"))
