"""Nobody takes the place of a person's server, of the hub or of the proxy, or listens to a kernel.

All of them have Unix sockets in folders of their own.  On TCP ports of this machine, anyone who
listens faster, or after a crash, was given the token of the person who came next, and every member
read the output of everybody's cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page
from support.people import socket_of
from support.poller import server_processes
from teamhub_shared import sockets

LogIn = Callable[[str], HubClient]

#: Says what became of connecting to a socket.
CONNECT = """
import socket, sys
try: socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except OSError as error: print(type(error).__name__)
else: print("connected")
"""
#: Says what became of listening where a server does.
LISTEN = """
import os, socket, sys
path = sys.argv[1]
try:
    if os.path.lexists(path): os.unlink(path)
    socket.socket(socket.AF_UNIX).bind(path)
except OSError as error: print(type(error).__name__)
else: print("listens")
"""


@pytest.fixture(scope="module")
def wash(sign_in: LogIn) -> Iterator[HubClient]:
    """Whose server and kernel zoe is after; the server runs."""
    client = sign_in("wash")
    client.spawn()
    yield client
    client.stop()


def tried_by(server: BootedServer, user: str, program: str, path: str) -> str:
    """What a program of a person says of a path."""
    done = server.as_user(user, "/usr/bin/python3", "-c", program, path, check=True)
    return done.stdout.strip()


def test_nothing_listens_on_a_port_but_the_proxy(server: BootedServer, wash: HubClient) -> None:
    """A kernel has one, from which nothing can be read: for what its forks print.

    Whoever sends to it has to know 16 random bytes (ipykernel, iostream.py, _setup_pipe_in).
    """
    kernels = [wash.new_kernel() for _ in range(2)]
    pids = [int(wash.run_cell(kernel, "import os; print(os.getpid())")) for kernel in kernels]
    lines = [line for line in server.output("ss", "-Hltnp").splitlines() if '"node"' not in line]
    listening = sorted(int(pid) for line in lines for pid in re.findall(r"pid=(\d+)", line))
    assert listening == sorted(set(listening) & set(pids))


def test_nobody_enters_the_folder_of_another(server: BootedServer, wash: HubClient) -> None:
    wash.get("/user/wash/api/status").raise_for_status()
    path = socket_of(server, "wash")
    assert tried_by(server, "zoe", CONNECT, path) == "PermissionError"
    assert tried_by(server, "zoe", LISTEN, path) == "PermissionError"
    assert tried_by(server, "wash", CONNECT, path) == "connected"
    folder = path.rpartition("/")[0]
    for command in (["mv", folder, f"{folder}.old"], ["rmdir", folder], ["touch", f"{folder}0"]):
        assert server.as_user("zoe", *command).returncode != 0
    owner = server.output("stat", "--format=%U:%G %a", folder)
    assert owner == f"wash:{sockets.GROUP} 2710"


def test_each_socket_and_folder_lets_in_those_alone_who_use_it(
    server: BootedServer, wash: HubClient
) -> None:
    wash.get("/user/wash/api/status").raise_for_status()
    uid = server.output("id", "--user", "wash")
    hers = f"{sockets.SERVERS}/{uid}"
    places = ("/run/teamhub", str(sockets.SERVERS), hers)
    listed = server.output("find", *places, "-maxdepth", "2", "-printf", r"%p %u:%g %m %y\n")
    # the proxy's account is made for one start, and has no name everywhere
    lines = {
        re.sub(r"^(/run/teamhub/proxy\S*) [^:]*:", r"\1 :", line) for line in listed.split("\n")
    }
    assert {line for line in lines if not re.search(rf"/(?!{uid}\b)\d+\b", line)} == {
        "/run/teamhub root:root 755 d",
        "/run/teamhub/hub rhea:rhea 755 d",
        f"{sockets.HUB} rhea:rhea 666 s",
        f"/run/teamhub/proxy :{sockets.GROUP} 750 d",
        f"{sockets.PROXY_API} :{sockets.GROUP} 770 s",
        f"{sockets.SERVERS} root:root 711 d",
        f"{hers} wash:{sockets.GROUP} 2710 d",
        f"{hers}/server.sock wash:{sockets.GROUP} 660 s",
    }


@pytest.mark.parametrize("place", [sockets.HUB, sockets.PROXY_API], ids=["hub", "proxy"])
def test_nobody_listens_in_place_of_the_hub_or_the_proxy(
    server: BootedServer, installed: Installation, place: str
) -> None:
    assert tried_by(server, "zoe", LISTEN, str(place)) == "PermissionError"
    server.run("systemctl", "stop", "teamhub", "teamhub-proxy")
    while_away = tried_by(server, "zoe", LISTEN, str(place))
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert while_away in ("PermissionError", "FileNotFoundError")


def test_nobody_but_the_hub_speaks_to_the_proxy(server: BootedServer) -> None:
    assert tried_by(server, "zoe", CONNECT, str(sockets.PROXY_API)) == "PermissionError"
    assert tried_by(server, "zoe", CONNECT, str(sockets.HUB)) == "connected"


def test_after_a_server_was_killed_nobody_stands_in_for_it(
    server: BootedServer, wash: HubClient
) -> None:
    server.run("kill", "-KILL", *server_processes(server, "wash"))
    wait_for("the end of the server", lambda: not server_processes(server, "wash"), 20)
    assert tried_by(server, "zoe", LISTEN, socket_of(server, "wash")) == "PermissionError"
    answer = wash.session.get(f"{wash.url}/user/wash/api/status", timeout=15)
    assert answer.status_code in (424, 503)
    wash.stop()
    wash.spawn()
    assert wash.compute("print(6 * 7)") == "42\n"


def test_a_kernels_sockets_are_her_own(server: BootedServer, wash: HubClient) -> None:
    kernel = wash.new_kernel()
    assert wash.run_cell(kernel, "print(6 * 7)") == "42\n"
    listed = server.output("ss", "-Hlx").splitlines()
    of_kernel = {found[0] for line in listed if (found := re.search(rf"\S*{kernel}\S*", line))}
    assert len(of_kernel) >= 5, listed
    for path in of_kernel:
        assert tried_by(server, "zoe", CONNECT, path) == "PermissionError"


@pytest.fixture
def before_the_sockets(server: BootedServer, installed: Installation) -> Iterator[None]:
    """The hub starts servers as it did when they had ports, and so do they ask it."""
    url = "http://127.0.0.1:808"
    server.run(
        *("systemd-run", "--unit=earlier", "--uid=wash"),
        *(f"--setenv=JUPYTERHUB_API_URL={url}/hub/api", "sleep", "infinity"),
    )
    snippet = "/etc/teamhub/jupyterhub_config.d/earlier.py"
    lines = (
        'c.JupyterHub.spawner_class = "sudospawner.SudoSpawner"',
        f'c.Spawner.hub_connect_url = "{url}"',
    )
    server.run("tee", snippet, given="\n".join(lines))
    server.run("teamhub", "apply")
    wait_for_login_page(server, installed.ca)
    yield
    server.run("rm", "-f", snippet)
    server.run("systemctl", "stop", "earlier")
    server.run("teamhub", "apply")
    wait_for_login_page(server, installed.ca)


@pytest.mark.usefixtures("before_the_sockets")
def test_a_server_from_before_the_sockets_goes_on(
    server: BootedServer, sign_in: LogIn, wash: HubClient, installed: Installation
) -> None:
    wash.stop()
    wash.spawn()
    kernel = wash.new_kernel()
    wash.run_cell(kernel, "treasure = 41")
    before = server_processes(server, "wash")
    server.run("rm", "/etc/teamhub/jupyterhub_config.d/earlier.py")
    server.run("teamhub", "apply")
    wait_for_login_page(server, installed.ca)
    # with a new session, so that the server asks the hub who that is
    again = sign_in("wash")
    again.get("/user/wash/lab").raise_for_status()
    assert again.run_cell(kernel, "print(treasure + 1)") == "42\n"
    assert server_processes(server, "wash") == before
    again.stop()
    wash.spawn()


def test_a_link_to_anothers_socket_leads_to_no_page_of_theirs(
    server: BootedServer, zoe: HubClient, wash: HubClient
) -> None:
    """The proxy follows what zoe puts into her folder, with rights that she does not have."""
    zoe.get("/user/zoe/api/status").raise_for_status()
    wash.get("/user/wash/api/status").raise_for_status()
    hers = socket_of(server, "zoe")
    server.as_user("zoe", "mv", hers, f"{hers}.mine", check=True)
    try:
        for target in (socket_of(server, "wash"), str(sockets.PROXY_API), str(sockets.HUB)):
            server.as_user("zoe", "ln", "-sfn", target, hers, check=True)
            for path in ("/user/zoe/api/contents", "/user/zoe/../wash/api/contents"):
                answer = zoe.session.get(f"{zoe.url}{path}", timeout=15, allow_redirects=False)
                assert answer.status_code != 200, (target, path)
    finally:
        server.as_user("zoe", "mv", f"{hers}.mine", hers, check=True)
    zoe.get("/user/zoe/api/status").raise_for_status()
