"""After a reboot of the server all is back by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import Installation, Target, wait_for_login_page

LogIn = Callable[[str], HubClient]


@pytest.fixture(scope="module")
def zoe_before(
    sign_in: LogIn,
    server: BootedServer,
    installed: Installation,
    target: Target,
    figure: Callable[[str], None],
) -> HubClient:
    """Zoe, who left a file and a running server behind when the machine went down."""
    zoe = sign_in("zoe")
    zoe.spawn()
    zoe.compute("open('log.txt', 'w').write('written before')")
    boot = server.reboot()
    page = wait_for_login_page(server, installed.ca)
    figure(f"{target}: reboot {boot:.1f} s, login page {page:.1f} s later")
    return zoe


def test_anyone_who_was_signed_in_still_is(zoe_before: HubClient) -> None:
    page = zoe_before.session.get(f"{zoe_before.url}/hub/home", allow_redirects=False, timeout=30)
    assert page.status_code == 200


def test_the_hub_knows_that_her_server_is_gone(zoe_before: HubClient) -> None:
    assert zoe_before.hub_api("GET", "/users/zoe").json()["servers"] == {}


def test_her_server_starts_again_and_her_files_are_there(zoe_before: HubClient) -> None:
    zoe_before.spawn()
    assert zoe_before.compute("print(open('log.txt').read())") == "written before\n"
    zoe_before.stop()


def test_no_unit_has_failed(zoe_before: HubClient, server: BootedServer) -> None:
    assert zoe_before.get("/hub/home").status_code == 200
    assert server.output("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
