"""The test's own ground: whatever a server, a client or a browser asks of the world, none answers.

Every other test here leans on it when it says that nothing was fetched from outside.
"""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from support.browser import chromium
from support.container import BootedServer
from support.installation import Installation
from support.network import NameServer

OUTSIDE = "example.org"


def routes(*prefix: str) -> list[dict[str, Any]]:
    command = [*prefix, "ip", "-json", "route", "show", "table", "all", "type", "unicast"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return list(json.loads(listed))


def test_the_tests_have_no_way_out(server: BootedServer) -> None:
    assert {name for _, name in socket.if_nameindex()} == {"lo", f"ve-{server.machine}"}
    assert [route for route in routes() if route["dst"] == "default"] == []
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(OUTSIDE, 443)


def test_the_servers_gateway_forwards_nothing(server: BootedServer) -> None:
    assert server.output("ip", "route", "show", "default").split()[2] == server.host.gateway
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "0"


def test_a_servers_question_for_an_outside_name_is_noticed(
    server: BootedServer, names: NameServer
) -> None:
    mark = names.mark()
    assert server.run("getent", "hosts", OUTSIDE, check=False).returncode != 0
    assert OUTSIDE in names.asked_since(mark)


def test_a_browser_reaches_no_outside_name(installed: Installation, tmp_path: Path) -> None:
    with chromium(tmp_path, installed.ca) as browser:
        page = browser.new_page()
        with pytest.raises(Error, match=r"ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED"):
            page.goto(f"https://{OUTSIDE}/")
