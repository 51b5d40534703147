"""Each person's server is their own: in their slice, safe from others and the hub's restarts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, Target, wait_for_login_page
from support.poller import Poller, main_pid, server_processes

LogIn = Callable[[str], HubClient]


def cgroup_of(server: BootedServer, pid: str) -> str:
    return server.output("cat", f"/proc/{pid}/cgroup")


def test_her_kernel_and_server_run_as_her_in_her_slice(
    zoe: HubClient, server: BootedServer
) -> None:
    uid = server.output("id", "--user", "zoe")
    kernel_cgroup = zoe.compute("print(open('/proc/self/cgroup').read())")
    assert f"user-{uid}.slice/" in kernel_cgroup
    processes = server_processes(server, "zoe")
    assert processes
    for pid in processes:
        cgroup = cgroup_of(server, pid)
        assert f"user-{uid}.slice/" in cgroup
        assert "teamhub.service" not in cgroup


def test_nothing_of_a_server_runs_as_root_or_rhea(zoe: HubClient, server: BootedServer) -> None:
    zoe.get("/user/zoe/api/status").raise_for_status()
    assert server_processes(server, "root") == []
    assert server_processes(server, "rhea") == []


def test_the_hub_is_rhea_and_the_proxy_is_nobody_else(zoe: HubClient, server: BootedServer) -> None:
    zoe.get("/hub/home").raise_for_status()
    owners = {
        unit: server.output("ps", "--no-headers", "-o", "user:32=", "-p", main_pid(server, unit))
        for unit in ("teamhub", "teamhub-proxy")
    }
    assert owners["teamhub"] == "rhea"
    assert owners["teamhub-proxy"] not in ("root", "rhea", "zoe", "wash", "nobody")


def test_where_memory_runs_out_people_end_before_hub_and_proxy(
    zoe: HubClient, server: BootedServer
) -> None:
    def spared(pid: str) -> int:
        return int(server.output("cat", f"/proc/{pid}/oom_score_adj"))

    assert zoe.compute("print(open('/proc/self/oom_score_adj').read())") == "0\n\n"
    assert {spared(pid) for pid in server_processes(server, "zoe")} == {0}
    # what systemd is told; it goes on without where a machine of tests does not allow it
    for unit in ("teamhub", "teamhub-proxy"):
        told = server.output("systemctl", "show", "--property=OOMScoreAdjust", "--value", unit)
        assert int(told) < 0


def test_a_kernel_has_all_that_a_login_has(zoe: HubClient) -> None:
    status = zoe.compute("print(open('/proc/self/status').read())")
    assert re.search(r"^NoNewPrivs:\s+0$", status, re.MULTILINE)
    assert zoe.compute("print(open('/proc/meminfo').readline().split()[0])") == "MemTotal:\n"
    assert zoe.compute("import tempfile; print(bool(tempfile.mkstemp()))") == "True\n"


def test_no_secret_of_the_hub_reaches_a_kernel(zoe: HubClient, server: BootedServer) -> None:
    token = server.output("cat", "/etc/teamhub/proxy-token")
    environment = zoe.compute("import os; print(dict(os.environ))")
    assert token not in environment
    assert "CREDENTIALS_DIRECTORY" not in environment


def test_another_person_cannot_open_her_server(zoe: HubClient, sign_in: LogIn) -> None:
    zoe.get("/user/zoe/api/status").raise_for_status()
    wash = sign_in("wash")
    stranger = wash.get("/user/zoe/api/contents")
    assert stranger.status_code in (403, 404)


def test_without_signing_in_her_server_shows_nothing(zoe: HubClient, client: LogIn) -> None:
    zoe.get("/user/zoe/api/status").raise_for_status()
    answer = client("zoe").get("/user/zoe/api/contents")
    assert answer.status_code == 403


@pytest.mark.parametrize("how", ["restart", "crash"])
def test_her_work_goes_on_while_the_hub_is_away(
    zoe: HubClient,
    client: LogIn,
    server: BootedServer,
    installed: Installation,
    target: Target,
    figure: Callable[[str], None],
    how: str,
) -> None:
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "treasure = 41")
    before = main_pid(server, "teamhub")
    stranger = client("stranger")
    with Poller(zoe, "/user/zoe/api/status") as hers, Poller(stranger, "/hub/login") as login:
        hers.wait_for_more(10)
        if how == "restart":
            server.run("systemctl", "restart", "teamhub")
        else:
            server.run("kill", "-KILL", before)
            wait_for("new hub", lambda: main_pid(server, "teamhub") not in ("0", before), 30)
        wait_for_login_page(server, installed.ca)
        hers.wait_for_more(41)
    figure(
        f"{target}: hub {how}: {hers.requests} requests to her server, "
        f"{len(hers.failures)} failed, slowest {hers.slowest:.2f} s; "
        f"login page away {login.gap:.1f} s"
    )
    assert main_pid(server, "teamhub") != before
    assert hers.requests > 50
    assert hers.failures == []
    assert zoe.run_cell(kernel, "print(treasure + 1)") == "42\n"


def test_after_a_restart_a_new_kernel_starts_and_may_complain(
    zoe: HubClient, server: BootedServer, installed: Installation
) -> None:
    server.run("systemctl", "restart", "teamhub")
    wait_for_login_page(server, installed.ca)
    # The hub that gave the server its stderr is gone: writing there must not kill a process.
    noise = "import sys; print('x' * 200_000, file=sys.__stderr__); print(6 * 7)"
    assert "42\n" in zoe.compute(noise)
    assert zoe.compute("import tempfile; print(bool(tempfile.mkstemp()))") == "True\n"


def test_after_a_restart_the_hub_still_knows_and_stops_her_server(
    sign_in: LogIn, zoe: HubClient, server: BootedServer, installed: Installation
) -> None:
    zoe.get("/user/zoe/api/status").raise_for_status()
    wash = sign_in("wash")
    wash.spawn()
    server.run("systemctl", "restart", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert server_processes(server, "wash")
    wash.stop()
    assert server_processes(server, "wash") == []
    assert server_processes(server, "zoe")


def test_after_a_restart_of_the_proxy_her_work_is_reached_again(
    zoe: HubClient, server: BootedServer, installed: Installation
) -> None:
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "treasure = 41")
    server.run("systemctl", "restart", "teamhub-proxy")
    wait_for_login_page(server, installed.ca)
    wait_for(
        "route to her server",
        lambda: zoe.session.get(f"{zoe.url}/user/zoe/api/status", timeout=15).status_code == 200,
        30,
    )
    assert zoe.run_cell(kernel, "print(treasure + 1)") == "42\n"


def test_stopping_her_server_leaves_no_process(sign_in: LogIn, server: BootedServer) -> None:
    wash = sign_in("wash")
    wash.spawn()
    wash.new_kernel()
    wash.stop()
    wait_for(
        "end of her processes",
        lambda: server.run("pgrep", "--uid", "wash", "--full", "python", check=False).stdout == "",
        15,
    )
