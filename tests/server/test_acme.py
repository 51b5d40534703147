"""A certificate by ACME, from the ACME project's own test server: fetched, renewed, refused.

The tests build on one another: the server goes from its own certificate to an authority's and back.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.container import BootedServer, wait_for
from support.installation import APT, Installation
from support.network import NameServer
from support.pebble import Pebble
from support.settings import APPLY, RECONFIGURE, complaint, processes, write_settings

LOOK = "teamhub-certificates.service"
TIMER = "teamhub-acme.timer"
CHALLENGES = "/run/teamhub/acme"
STATE = "/var/lib/private/teamhub-acme"


@pytest.fixture(scope="module")
def pebble(
    server: BootedServer, names: NameServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pebble]:
    """The authority, which the server trusts to be the one that it asks."""
    server.run(*APT, "update")
    server.run(*APT, "install", "uacme", DEBIAN_FRONTEND="noninteractive")
    made = Pebble(tmp_path_factory.mktemp("pebble"))
    trusted = "/usr/local/share/ca-certificates/pebble.crt"
    server.run("tee", trusted, given=made.certificate.read_text())
    server.run("update-ca-certificates")
    names.domains[server.host.domain_name] = server.host.address
    made.start()
    yield made
    made.stop()
    del names.domains[server.host.domain_name]


def verified(server: BootedServer, pebble: Pebble) -> dict[str, Any]:
    """The certificate that a new connection is shown, verified by the authority's root.

    Raises SSLCertVerificationError for any other.
    """
    with connect(server, ssl.create_default_context(cadata=pebble.root())) as secured:
        shown = secured.getpeercert()
    assert shown is not None
    return shown


def fingerprint(server: BootedServer) -> bytes:
    """What tells the certificate that a new connection is shown from others."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with connect(server, context) as secured:
        return secured.getpeercert(binary_form=True) or b""


def connect(server: BootedServer, context: ssl.SSLContext) -> ssl.SSLSocket:
    name = server.host.domain_name
    connection = socket.create_connection((name, 443), timeout=10)
    return context.wrap_socket(connection, server_hostname=name)


def is_another(server: BootedServer, before: bytes) -> None:
    wait_for("new certificate", lambda: fingerprint(server) != before, 60)


def redirected(server: BootedServer, path: str) -> tuple[int, bytes]:
    """What the port that sends browsers on to HTTPS answers."""
    connection = http.client.HTTPConnection(server.host.address, 80, timeout=10)
    connection.request("GET", path, headers={"Host": server.host.domain_name})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def fault(server: BootedServer) -> str:
    """What `teamhub tls show` finds wrong."""
    return str(json.loads(server.output("teamhub", "tls", "show", "--json"))["fault"])


def state(server: BootedServer, unit: str) -> str:
    return server.output("systemctl", "show", "--property=ActiveState", "--value", unit)


def test_without_its_program_it_is_refused(server: BootedServer, pebble: Pebble) -> None:
    write_settings(server, CERTIFICATE="acme", ACME_DIRECTORY=pebble.directory)
    server.run("mv", "/usr/bin/uacme", "/root/")
    refused = complaint(server.run(*APPLY, check=False))
    assert "apt install uacme, then: teamhub apply" in refused
    server.run("mv", "/root/uacme", "/usr/bin/")


def test_one_is_fetched_and_shown_and_nothing_restarts(
    server: BootedServer, pebble: Pebble
) -> None:
    before = processes(server)
    said = server.run(*APPLY).stderr
    assert f"took up the certificate of {pebble.directory}" in said
    name = server.host.domain_name
    wait_for("the authority's certificate", lambda: "pebble" in issuer(server), 30)
    assert verified(server, pebble)["subjectAltName"] == (("DNS", name),)
    assert processes(server) == before
    assert fault(server) == ""
    assert "acme, valid until" in server.output("teamhub", "status")
    assert state(server, TIMER) == "active"


def issuer(server: BootedServer) -> str:
    shown = json.loads(server.output("teamhub", "tls", "show", "--json"))["shown"]
    return str(shown["issuer"]).lower()


def test_browsers_remember_https_then(server: BootedServer, pebble: Pebble) -> None:
    context = ssl.create_default_context(cadata=pebble.root())
    connection = http.client.HTTPSConnection(server.host.domain_name, context=context)
    connection.request("GET", "/hub/login")
    assert connection.getresponse().headers["Strict-Transport-Security"]
    connection.close()


def test_keys_are_roots_and_of_an_account_that_is_gone(server: BootedServer) -> None:
    assert server.output("stat", "--format=%U %a", "/var/lib/private") == "root 700"
    assert server.output("stat", "--format=%a", STATE) == "700"
    assert server.as_user("zoe", "ls", STATE).returncode != 0
    assert server.as_user("rhea", "ls", STATE).returncode != 0
    found = server.output("sh", "-c", "stat --format='%U %a' /etc/teamhub/tls/acme.pem")
    assert found == "root 600"
    assert server.run("ls", CHALLENGES, check=False).returncode != 0


def test_renew_has_another_with_another_key_and_an_open_connection_goes_on(
    server: BootedServer, pebble: Pebble
) -> None:
    before, running = fingerprint(server), processes(server)
    key = server.output("sha256sum", "/etc/teamhub/tls/server.key")
    context = ssl.create_default_context(cadata=pebble.root())
    connection = http.client.HTTPSConnection(server.host.domain_name, context=context)
    connection.connect()
    used = connection.sock
    said = server.run("teamhub", "tls", "renew").stderr
    assert "warning: authorities count" in said
    assert "the proxy shows it" in said
    assert fingerprint(server) != before
    verified(server, pebble)
    assert server.output("sha256sum", "/etc/teamhub/tls/server.key") != key
    connection.request("GET", "/hub/login")
    assert connection.getresponse().status == 200
    assert connection.sock is used
    connection.close()
    assert processes(server) == running


def forget(server: BootedServer) -> None:
    """As if the authority had given nothing yet; what serves is kept elsewhere."""
    # it would begin a try by itself
    wait_for("the end of the look", lambda: state(server, LOOK) == "inactive", 30)
    server.run("sh", "-c", f"rm {STATE}/*.pem")


def test_dpkg_has_one_fetched_that_is_due(server: BootedServer, pebble: Pebble) -> None:
    before = fingerprint(server)
    forget(server)
    server.run(*RECONFIGURE)
    is_another(server, before)
    verified(server, pebble)


@pytest.mark.exhaustive
def test_so_has_a_start_of_the_server(server: BootedServer, pebble: Pebble) -> None:
    before = fingerprint(server)
    forget(server)
    server.reboot()
    wait_for("the proxy", lambda: state(server, "teamhub-proxy") == "active", 60)
    wait_for("port 443", lambda: answers(server), 60)
    is_another(server, before)
    verified(server, pebble)
    assert state(server, TIMER) == "active"


def answers(server: BootedServer) -> bool:
    try:
        return bool(fingerprint(server))
    except OSError:
        return False


@pytest.mark.fault(
    "an authority that gives no certificate (CERTIFICATE=acme)",
    person="nothing: people work on with the one before",
    admin="the authority's reason, and when it is tried again, in `status` and `tls show`",
    remedy="what the authority names; teamhub tls renew",
)
def test_a_name_that_leads_nowhere_has_the_authoritys_reason_and_the_old_one_goes_on(
    server: BootedServer, pebble: Pebble
) -> None:
    before, running = fingerprint(server), processes(server)
    refused = complaint(server.run("teamhub", "tls", "names", "nobody.test", check=False))
    assert f"no certificate for nobody.test from {pebble.directory}: " in refused
    assert "could not resolve" in refused
    assert "teamhub tls renew" in refused
    assert fingerprint(server) == before
    assert processes(server) == running
    assert "could not resolve" in server.output("teamhub", "status")
    assert re.search(r"tried again after \S+ \S+ UTC", fault(server))
    # a look within the hour asks nobody
    mark = server.output("date", "+%F %T")
    server.run("systemctl", "start", LOOK)
    assert not tries_since(server, mark)
    write_settings(server, SERVER_NAMES="")
    server.run(*APPLY)
    assert fault(server) == ""


def tries_since(server: BootedServer, mark: str) -> str:
    unit = "--unit=teamhub-acme.service"
    return server.output("journalctl", "--quiet", "--no-pager", unit, f"--since={mark}")


@pytest.mark.exhaustive
def test_an_authority_that_is_away_is_named_and_the_old_one_goes_on(
    server: BootedServer, pebble: Pebble
) -> None:
    before = fingerprint(server)
    pebble.stop()
    refused = complaint(server.run("teamhub", "tls", "renew", check=False))
    # curl of Debian 12, and of 13
    assert re.search(rf"{pebble.directory}: Could(n't| not) connect to server", refused)
    assert fingerprint(server) == before
    # it is not due, so nobody has to do anything
    assert fault(server) == ""


def test_one_that_has_forgotten_the_account_gets_it_again(
    server: BootedServer, pebble: Pebble
) -> None:
    pebble.stop()
    pebble.start()
    server.run("teamhub", "tls", "renew")
    verified(server, pebble)
    assert state(server, "teamhub-acme.service") == "inactive"


def test_what_it_may_put_into_its_folder_leads_to_nothing_of_the_proxys(
    server: BootedServer,
) -> None:
    key = "/run/credentials/teamhub-proxy.service/server.key"
    server.run("mkdir", CHALLENGES)
    server.run("sh", "-c", f"printf token.print >{CHALLENGES}/plain; ln -s {key} {CHALLENGES}/link;"
               f"mkdir {CHALLENGES}/folder; mkfifo {CHALLENGES}/pipe")  # fmt: skip
    path = "/.well-known/acme-challenge"
    assert redirected(server, f"{path}/plain") == (200, b"token.print")
    for other in ("link", "folder", "pipe", "missing", "../acme/plain", "plain?x", "%70lain"):
        assert redirected(server, f"{path}/{other}")[0] == 301
    server.run("rm", "-r", CHALLENGES)


def test_back_to_its_own_the_server_shows_one_that_the_team_trusts(
    server: BootedServer, installed: Installation
) -> None:
    before, running = fingerprint(server), processes(server)
    write_settings(server, CERTIFICATE="own")
    server.run(*APPLY)
    is_another(server, before)
    with connect(server, ssl.create_default_context(cafile=installed.ca)) as secured:
        assert secured.getpeercert()
    assert processes(server) == running
    assert state(server, TIMER) == "inactive"
    assert server.run("teamhub", "tls", "ca").stdout == Path(installed.ca).read_text()
