"""What one person may take together, set while they work; never for root."""

from __future__ import annotations

import os

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page
from support.settings import APPLY, RECONFIGURE, processes, write_settings

PROPERTIES = ("MemoryMax", "MemorySwapMax", "CPUQuotaPerSecUSec", "TasksMax")
LIMITS = {"MEMORY_LIMIT": "1.5G", "CPU_LIMIT": "1.25", "TASKS_LIMIT": "512"}
NO_LIMITS = dict.fromkeys(LIMITS, "none")
LIMITED = {
    "MemoryMax": str(3 * 2**29),
    "MemorySwapMax": "0",
    "CPUQuotaPerSecUSec": "1.250000s",
    "TasksMax": "512",
}


def shown(server: BootedServer, uid: str) -> dict[str, str]:
    names = ",".join(PROPERTIES)
    lines = server.output("systemctl", "show", f"--property={names}", f"user-{uid}.slice")
    return dict(line.split("=", 1) for line in lines.splitlines())


@pytest.fixture(scope="module")
def uid(server: BootedServer, zoe: HubClient) -> str:
    """Zoe's uid; her server runs."""
    assert zoe.get("/hub/home").status_code == 200
    return server.output("id", "--user", "zoe")


@pytest.fixture(scope="module")
def unlimited(server: BootedServer, uid: str) -> dict[str, str]:
    """What Debian itself sets."""
    return shown(server, uid)


@pytest.mark.parametrize("take_up", [APPLY, RECONFIGURE], ids=["apply", "dpkg-reconfigure"])
def test_limits_come_and_go_for_a_server_that_runs(
    server: BootedServer,
    installed: Installation,
    zoe: HubClient,
    uid: str,
    unlimited: dict[str, str],
    take_up: tuple[str, ...],
) -> None:
    server.run("systemd-run", "--unit=root-session", "--property=PAMName=login",
               "--property=User=root", "sleep", "600")  # fmt: skip
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "answer = 42")
    proxy = processes(server).proxy
    roots = shown(server, "0")
    write_settings(server, **LIMITS)
    server.run(*take_up)
    assert shown(server, uid) == LIMITED
    assert shown(server, "0") == roots
    assert roots["MemoryMax"] == roots["CPUQuotaPerSecUSec"] == "infinity"
    write_settings(server, **NO_LIMITS)
    server.run(*take_up)
    assert shown(server, uid) == unlimited
    assert server.run("ls", "/etc/systemd/system/user-.slice.d", check=False).returncode != 0
    assert zoe.run_cell(kernel, "print(answer)") == "42\n"
    assert processes(server).proxy == proxy
    server.run("systemctl", "stop", "root-session")
    wait_for_login_page(server, installed.ca)


def test_everybody_together_leaves_memory_to_the_hub(server: BootedServer) -> None:
    shown = server.output("systemctl", "show", "--property=MemoryMax", "--value", "user.slice")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert memory / 2 <= int(shown) <= 0.98 * memory
    assert server.output("systemctl", "show", "--property=Slice", "--value", "teamhub") == (
        "system.slice"
    )


def test_a_limit_of_tasks_restarts_nothing(server: BootedServer, uid: str) -> None:
    before = processes(server)
    write_settings(server, TASKS_LIMIT="300")
    server.run(*APPLY)
    assert shown(server, uid)["TasksMax"] == "300"
    assert processes(server) == before
