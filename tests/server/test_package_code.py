"""Code that packages bring runs while they are installed and tried, and never as root.

The tests build on one another: one server is asked for packages that are hostile.
"""

from __future__ import annotations

import ast
import re

import pytest

from support.container import BootedServer
from support.environment import TeamChannel, Wheels, current, env, imports, is_as_it_was_made
from support.waiting import wait_for

#: Runs as this account, and nobody else does.
ACCOUNT = "teamhub-build"
UNITS = "teamhub-packages-*"
#: Where the packages' code tries to write: to what is root's, the hub's, everybody's.
PLACES = [
    f"{folder}/was-here"
    for folder in (
        *("/etc", "/root", "/usr/lib/teamhub", "/opt/teamhub", "/opt/teamhub/generations"),
        *("/opt/teamhub/current/user", "/opt/teamhub/pip", "/var/lib/teamhub", "/home/zoe"),
        *("/run", "/srv"),
    )
]
#: Where any account may write.
OPEN = [f"{folder}/was-here" for folder in ("/tmp", "/var/tmp", "/dev/shm")]
#: Runs a command as in an image that is being built: there is no systemd to ask.
IN_AN_IMAGE = (
    *("unshare", "--mount", "--", "sh", "-c"),
    *('mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"', "sh"),
)
#: What Python runs when it starts in an environment that has this package.
AT_THE_START = f"""\
import os, pathlib, pwd, socket, sys

def can_write(path):
    try:
        pathlib.Path(path).write_text("x")
    except OSError:
        return False
    return True

def answers(path):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
    except OSError:
        return False
    return True

places = [path for path in [*{PLACES + OPEN!r}, sys.prefix + "/was-here"] if can_write(path)]
sockets = [path for path in ("/run/dbus/system_bus_socket", "/run/teamhub/hub/hub.sock")
           if answers(path)]
status = pathlib.Path("/proc/self/status").read_text()
found = dict(line.split(":\\t", 1) for line in status.splitlines())
rights = {{found[key] for key in ("CapPrm", "CapEff", "CapBnd")}}
print("found:", [pwd.getpwuid(os.getuid()).pw_name, places, sockets, sorted(rights),
      [name for _, name in socket.if_nameindex()], os.environ.get("SECRET")],
      file=sys.stderr, flush=True)
os._exit(7)
"""


def was_here(server: BootedServer) -> list[str]:
    """Where packages' code has left something."""
    return server.run("ls", "-d", *PLACES, *OPEN, check=False).stdout.split()


def units(server: BootedServer) -> str:
    """The units in which packages' code runs now."""
    return server.output("systemctl", "list-units", "--all", "--plain", "--no-legend", UNITS)


@pytest.mark.every_suite
@pytest.mark.parametrize("where", [(), IN_AN_IMAGE], ids=["on a server", "in an image"])
def test_code_of_a_conda_package_has_no_rights_and_reaches_nothing(
    server: BootedServer, channel: TeamChannel, where: tuple[str, ...]
) -> None:
    if not where:
        files = {"hostile.pth": "import hostile\n", "hostile.py": AT_THE_START}
        channel.add_pure("hostile", files)
    before = current(server)
    command = (*where, "teamhub", "env", "add", "hostile", "--channel", channel.url)
    said = server.run(*command, check=False, SECRET="of root").stderr
    found = re.search(r"the new environment does not work: .*found: (.*)", said)
    assert found, said
    who, places, sockets, rights, interfaces, secret = ast.literal_eval(found[1])
    assert who == ACCOUNT
    assert set(places) <= set(OPEN)
    assert (sockets, rights, interfaces, secret) == ([], ["0" * 16], ["lo"], None)
    # On a server, what any account may write to is not the one that others see.
    assert was_here(server) == (sorted(places) if where else [])
    server.run("rm", "-f", *OPEN)
    assert current(server) == before
    assert units(server) == ""


def test_a_pure_package_has_bytecode_that_is_roots(
    server: BootedServer, channel: TeamChannel
) -> None:
    channel.add_pure("pure", {"pure.py": "VALUE = 1\n"})
    env(server, "add", "pure", "--channel", channel.url)
    found = f"{current(server)}/user/lib/python3*/site-packages/__pycache__/pure.*.pyc"
    assert server.output("sh", "-c", f"stat --format='%U %a' {found}") == "root 644"
    assert is_as_it_was_made(server)


@pytest.mark.every_suite
def test_an_sdist_is_built_if_that_is_asked_for_and_without_rights(
    server: BootedServer, wheels: Wheels
) -> None:
    # a login for an index would be in there
    server.run("chmod", "0600", "/etc/pip.conf")
    wheels.make_sdist("source", [*PLACES, *OPEN])
    refused = env(server, "add", "--pip", "source", check=False)
    assert "No matching distribution found for source" in refused
    assert "`--no-binary source`" in refused
    env(server, "add", "--pip", "--", "--no-binary source", "source")
    program = "import source; print([source.UID, source.SAID])"
    python = "/opt/teamhub/current/user/bin/python3"
    printed = server.as_user("wash", python, "-s", "-c", program, check=True).stdout
    uid, attempts = ast.literal_eval(printed)
    assert str(uid) == server.output("id", "--user", ACCOUNT)
    done = {path for path, came_of_it in attempts.items() if came_of_it == "done"}
    assert done <= set(OPEN)
    assert was_here(server) == []
    assert is_as_it_was_made(server)


def test_all_that_came_of_it_is_roots_but_what_pip_keeps_for_itself(server: BootedServer) -> None:
    listed = server.output("find", "/opt/teamhub", "!", "-user", "root", "-printf", r"%u %m %p\n")
    folders = [line.split() for line in listed.splitlines() if line.count("/") == 4]
    assert [fields[:2] for fields in folders] == [[ACCOUNT, "700"]]
    assert all(line.split()[2].startswith(folders[0][2]) for line in listed.splitlines())
    assert server.as_user("zoe", "ls", folders[0][2]).returncode != 0
    odd = server.output("find", "/opt/teamhub/generations", "-perm", "/7022", "!", "-type", "l")
    assert odd == ""


def test_a_command_that_is_killed_leaves_no_program(server: BootedServer) -> None:
    server.run(
        "sh",
        "-c",
        "teamhub env apply --update & pid=$!\n"
        f"until systemctl --quiet is-active '{UNITS}'; do sleep 0.02; done\n"
        "kill -KILL $pid; ! wait $pid",
    )
    wait_for("the end of its programs", lambda: units(server) == "", 10)
    env(server, "apply", "--update")
    assert imports(server, "pure")
    marks = server.output("sh", "-c", "ls -d /opt/teamhub/generations/*/.complete").split()
    left = server.output("ls", "-A", "/opt/teamhub/generations").split()
    assert len(marks) == len(left)


@pytest.mark.fault(
    "the account teamhub-build deleted",
    person="nothing: people work on",
    admin="each change of the environment: the account is missing",
    remedy="teamhub apply",
)
def test_a_lost_account_is_named_and_made_again(server: BootedServer) -> None:
    server.run("userdel", ACCOUNT)
    words = env(server, "apply", "--update", check=False)
    assert f"the account {ACCOUNT}, which runs the programs of packages, is missing" in words
    assert "What to do: make it again: teamhub apply" in words
    said = server.run("teamhub", "apply").stderr
    assert f"made the account {ACCOUNT} again, which was missing" in said
    env(server, "apply", "--update")
    assert is_as_it_was_made(server)
