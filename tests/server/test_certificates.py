"""The server's certificate: trusted only for this server, and renewed without anybody noticing."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from hashlib import sha256
from typing import Any

import pytest

from support.container import BootedServer, wait_for
from support.installation import Installation
from support.settings import complaint, processes, setting

RENEW = ("systemctl", "start", "teamhub-certificates.service")


def serial_shown(server: BootedServer, installed: Installation) -> str:
    """The serial number of the certificate that a new connection is shown, once verified."""
    context = ssl.create_default_context(cafile=installed.ca)
    name = server.host.domain_name
    with (
        socket.create_connection((name, 443), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        shown = secured.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])


def test_a_timer_looks_at_it_every_day(server: BootedServer) -> None:
    timer = server.output("systemctl", "show", "--property=NextElapseUSecRealtime,ActiveState",
                          "teamhub-certificates.timer")  # fmt: skip
    assert "ActiveState=active" in timer
    assert "NextElapseUSecRealtime=\n" not in timer


def test_one_that_is_in_order_is_left_alone(server: BootedServer, installed: Installation) -> None:
    before = serial_shown(server, installed)
    server.run(*RENEW)
    assert serial_shown(server, installed) == before


def test_a_new_one_is_shown_and_an_open_connection_goes_on(
    server: BootedServer, installed: Installation
) -> None:
    before = serial_shown(server, installed)
    proxy = server.output("systemctl", "show", "--property=MainPID", "--value", "teamhub-proxy")
    context = ssl.create_default_context(cafile=installed.ca)
    connection = http.client.HTTPSConnection(server.host.domain_name, context=context)
    connection.connect()
    used = connection.sock
    server.run("rm", "/etc/teamhub/tls/server.crt")
    server.run(*RENEW)
    wait_for("new certificate", lambda: serial_shown(server, installed) != before, 30)
    connection.request("GET", "/hub/login")
    assert connection.getresponse().status == 200
    assert connection.sock is used
    connection.close()
    now = server.output("systemctl", "show", "--property=MainPID", "--value", "teamhub-proxy")
    assert now == proxy


def shown(server: BootedServer) -> dict[str, Any]:
    """What `teamhub tls show` says of the certificate."""
    found: dict[str, Any] = json.loads(server.output("teamhub", "tls", "show", "--json"))
    return found


def test_show_says_what_a_browser_sees(server: BootedServer, installed: Installation) -> None:
    now = shown(server)
    assert now["source"] == "own"
    assert now["in_use"]
    assert (now["fault"], now["not_covered"]) == ("", [])
    assert server.host.domain_name in now["certificate"]["names"]
    assert server.host.address in now["certificate"]["addresses"]
    imported = ssl.PEM_cert_to_DER_cert(installed.ca.read_text())
    assert now["authority"]["sha256"].replace(":", "").lower() == sha256(imported).hexdigest()
    assert "in use          yes" in server.output("teamhub", "tls", "show").splitlines()
    assert f"own, valid until {now['certificate']['valid_until']}" in server.output(
        "teamhub", "status"
    )


def test_renew_shows_a_new_one_and_an_open_connection_goes_on(
    server: BootedServer, installed: Installation
) -> None:
    before, running = shown(server), processes(server)
    key = server.output("sha256sum", "/etc/teamhub/tls/server.key")
    context = ssl.create_default_context(cafile=installed.ca)
    connection = http.client.HTTPSConnection(server.host.domain_name, context=context)
    connection.connect()
    used = connection.sock
    assert "the proxy shows it" in server.run("teamhub", "tls", "renew").stderr
    now = shown(server)
    assert now["in_use"]
    assert now["certificate"]["sha256"] != before["certificate"]["sha256"]
    assert now["authority"] == before["authority"]
    assert server.output("sha256sum", "/etc/teamhub/tls/server.key") != key
    serial_shown(server, installed)
    connection.request("GET", "/hub/login")
    assert connection.getresponse().status == 200
    assert connection.sock is used
    connection.close()
    assert processes(server) == running


def test_names_are_set_and_listed(server: BootedServer, installed: Installation) -> None:
    found = server.run("teamhub", "tls", "names")
    assert "were found on this server" in found.stderr
    chosen = [server.host.domain_name, server.host.address]
    server.run("teamhub", "tls", "names", *chosen)
    assert setting(server, "SERVER_NAMES") == " ".join(chosen)
    assert server.output("teamhub", "tls", "names").splitlines() == chosen
    serial_shown(server, installed)
    refused = server.run("teamhub", "tls", "names", "hub*", check=False)
    assert "'hub*' is neither a host name nor an address" in complaint(refused)
    assert setting(server, "SERVER_NAMES") == " ".join(chosen)
    server.run("teamhub", "tls", "names", "")
    assert setting(server, "SERVER_NAMES") == ""
    assert server.run("teamhub", "tls", "names").stdout == found.stdout


def test_the_key_handed_over_is_the_proxys_alone(server: BootedServer) -> None:
    refused = server.as_user("zoe", "cat", "/run/teamhub-proxy/server.key")
    assert refused.returncode != 0
    refused = server.as_user("rhea", "cat", "/run/teamhub-proxy/server.key")
    assert refused.returncode != 0


@pytest.mark.fault(
    "a key that does not belong to the certificate",
    person="nothing: people work on",
    admin="`setup certificates` names it, and what to do",
    remedy="the right key, or a new certificate",
)
def test_damaged_files_are_named_and_the_proxy_goes_on(
    server: BootedServer, installed: Installation
) -> None:
    before = serial_shown(server, installed)
    key = server.output("cat", "/etc/teamhub/tls/server.key")
    server.run("cp", "/etc/teamhub/tls/ca.key", "/etc/teamhub/tls/server.key")
    failed = server.run("teamhub", "setup", "certificates", check=False)
    assert failed.returncode == 1
    assert "server.key" in failed.stderr
    assert "does not belong to the certificate" in failed.stderr
    assert "What to do:" in failed.stderr
    assert serial_shown(server, installed) == before
    server.run("tee", "/etc/teamhub/tls/server.key", given=key + "\n")
    server.run("teamhub", "setup", "certificates")
