"""A certificate of the admin's own: checked, taken up while people work, renewed.

The tests build on one another: the server goes from its own certificate to files and back.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from support.container import BootedServer, wait_for
from support.installation import Installation
from support.settings import (
    APPLY,
    RECONFIGURE,
    Processes,
    complaint,
    processes,
    write_settings,
)

LIVE = "/etc/letsencrypt/live/hub"
ARCHIVE = "/etc/letsencrypt/archive/hub"
LOOK = "teamhub-certificates.service"
WATCH = "teamhub-certificates.path"


def make_pair(
    server: BootedServer, stem: str, *options: str, key: str = "rsa:2048", days: int = 30
) -> None:
    """A certificate in /root that signs itself, and its key."""
    name = f"subjectAltName=DNS:{server.host.domain_name}"
    server.run(
        *("openssl", "req", "-x509", "-newkey", key, "-nodes", "-days", str(days)),
        *("-keyout", f"/root/{stem}.key", "-out", f"/root/{stem}.crt", "-subj", "/CN=team"),
        *(options or ("-addext", name)),
    )


def serial(server: BootedServer, stem: str) -> str:
    shown = server.output("openssl", "x509", "-noout", "-serial", "-in", f"/root/{stem}.crt")
    return shown.partition("=")[2]


def serial_shown(server: BootedServer) -> str:
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((server.host.domain_name, 443), timeout=10) as connection,
        context.wrap_socket(connection) as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    assert shown is not None
    pem = ssl.DER_cert_to_PEM_cert(shown)
    return server.run("openssl", "x509", "-noout", "-serial", given=pem).stdout.strip()[7:]


@pytest.fixture(scope="module", autouse=True)
def pairs(server: BootedServer) -> None:
    make_pair(server, "good")
    make_pair(server, "other-host", "-addext", "subjectAltName=DNS:bank.example.org")


@pytest.fixture
def before(server: BootedServer) -> Processes:
    return processes(server)


@pytest.mark.fault(
    "a certificate of the team's own that cannot serve",
    person="nothing: people work on",
    admin="`apply` names the file and what is wrong",
    remedy="the right pair; teamhub apply",
)
@pytest.mark.parametrize("take_up", [APPLY, RECONFIGURE], ids=["apply", "dpkg-reconfigure"])
@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("good.crt", "missing.key", "/root/missing.key: No such file or directory"),
        ("good.crt", "other-host.key", "/root/good.crt: /root/other-host.key is not its key"),
        ("other-host.crt", "other-host.key", "it is valid for bank.example.org, not for hub-"),
    ],
)
def test_a_pair_that_cannot_serve_is_named_and_the_old_one_goes_on(
    server: BootedServer,
    before: Processes,
    take_up: tuple[str, ...],
    certificate: str,
    key: str,
    words: str,
) -> None:
    shown = serial_shown(server)
    write_settings(server, CERTIFICATE="files", CERTIFICATE_FILE=f"/root/{certificate}",
                   KEY_FILE=f"/root/{key}")  # fmt: skip
    assert words in complaint(server.run(*take_up, check=False))
    assert serial_shown(server) == shown
    assert processes(server) == before


def test_a_good_pair_is_shown_and_restarts_nothing(server: BootedServer, before: Processes) -> None:
    write_settings(server, CERTIFICATE="files", CERTIFICATE_FILE="/root/good.crt",
                   KEY_FILE="/root/good.key")  # fmt: skip
    server.run(*APPLY)
    wait_for("new certificate", lambda: serial_shown(server) == serial(server, "good"), 30)
    assert processes(server) == before
    assert server.output("stat", "--format=%U %a", "/etc/teamhub/tls/server.key") == "root 600"
    server.run(*RECONFIGURE)
    assert processes(server) == before


def test_there_is_nothing_to_import_then(server: BootedServer) -> None:
    refused = server.run("teamhub", "tls", "ca", check=False)
    assert "with CERTIFICATE=files people have nothing to import" in complaint(refused)


def test_there_is_one_to_show_and_to_take_up_again(server: BootedServer) -> None:
    shown = server.output("teamhub", "tls", "show").splitlines()
    assert f"names           {server.host.domain_name}" in shown
    assert "in use          yes" in shown
    assert "the proxy shows it" in server.run("teamhub", "tls", "renew").stderr


def test_a_renewed_one_is_taken_up_at_once_where_certbot_keeps_it(
    server: BootedServer, before: Processes
) -> None:
    server.run("sh", "-c", f"umask 077; mkdir -p {LIVE} {ARCHIVE};"
               f"cp /root/good.crt {ARCHIVE}/fullchain1.pem;"
               f"cp /root/good.key {ARCHIVE}/privkey1.pem;"
               f"ln -s ../../archive/hub/fullchain1.pem {LIVE}/fullchain.pem;"
               f"ln -s ../../archive/hub/privkey1.pem {LIVE}/privkey.pem")  # fmt: skip
    write_settings(server, CERTIFICATE_FILE=f"{LIVE}/fullchain.pem", KEY_FILE=f"{LIVE}/privkey.pem")
    server.run(*APPLY)
    make_pair(server, "renewed", key="rsa:3072")
    server.run("sh", "-c", f"umask 077; cp /root/renewed.crt {ARCHIVE}/fullchain2.pem;"
               f"cp /root/renewed.key {ARCHIVE}/privkey2.pem;"
               f"ln -sf ../../archive/hub/fullchain2.pem {LIVE}/fullchain.pem;"
               f"ln -sf ../../archive/hub/privkey2.pem {LIVE}/privkey.pem")  # fmt: skip
    wait_for("renewed certificate", lambda: serial_shown(server) == serial(server, "renewed"), 60)
    assert processes(server) == before


def state(server: BootedServer, unit: str) -> str:
    return server.output("systemctl", "show", "--property=ActiveState", "--value", unit)


def test_half_a_renewal_changes_nothing_and_the_other_half_heals_it(
    server: BootedServer, before: Processes
) -> None:
    make_pair(server, "again")
    server.run("cp", "/root/again.crt", f"{ARCHIVE}/fullchain2.pem")
    wait_for("the failure", lambda: state(server, LOOK) == "failed", 30)
    assert serial_shown(server) == serial(server, "renewed")
    assert f"{LIVE}/privkey.pem is not its key" in server.output("teamhub", "status")
    server.run("cp", "/root/again.key", f"{ARCHIVE}/privkey2.pem")
    wait_for("renewed certificate", lambda: serial_shown(server) == serial(server, "again"), 60)
    wait_for("the end of the look", lambda: state(server, LOOK) == "inactive", 30)
    assert "is not its key" not in server.output("teamhub", "status")
    assert processes(server) == before


def test_files_that_are_no_longer_named_are_watched_no_longer(
    server: BootedServer, before: Processes
) -> None:
    server.run("sh", "-c", "cp /root/good.crt /root/good.key /srv/")
    write_settings(server, CERTIFICATE_FILE="/srv/good.crt", KEY_FILE="/srv/good.key")
    server.run(*APPLY)
    wait_for("certificate", lambda: serial_shown(server) == serial(server, "good"), 30)
    paths = server.output("systemctl", "show", "--property=Paths", WATCH).splitlines()
    assert {line.split()[0] for line in paths} == {"Paths=/srv/good.crt", "Paths=/srv/good.key"}
    assert processes(server) == before


def test_a_key_that_another_account_owns_is_read_too(server: BootedServer) -> None:
    server.run("sh", "-c", "cp /root/good.* /home/zoe/; chown nobody /home/zoe/good.*;"
               "chmod 600 /home/zoe/good.key")  # fmt: skip
    write_settings(server, CERTIFICATE_FILE="/home/zoe/good.crt", KEY_FILE="/home/zoe/good.key")
    server.run("systemctl", "start", "teamhub-certificates.service")
    wait_for("her certificate", lambda: serial_shown(server) == serial(server, "good"), 30)


@pytest.mark.fault(
    "a renewal of it that went wrong",
    person="nothing: people work on",
    admin="a failed unit, teamhub-certificates",
    remedy="the right pair; the timer takes it up",
)
def test_a_renewal_that_went_wrong_is_a_failed_unit_and_the_old_one_goes_on(
    server: BootedServer, before: Processes
) -> None:
    server.run("sh", "-c", "echo > /home/zoe/good.crt")
    assert server.run("systemctl", "start", "teamhub-certificates.service", check=False).returncode
    assert "/home/zoe/good.crt: it holds no certificate" in server.journal("teamhub-certificates")
    assert serial_shown(server) == serial(server, "good")
    assert processes(server) == before
    server.run("systemctl", "reset-failed", "teamhub-certificates.service")


def test_names_that_people_type_have_to_be_in_it(server: BootedServer) -> None:
    write_settings(server, CERTIFICATE_FILE="/root/good.crt", KEY_FILE="/root/good.key",
                   SERVER_NAMES=f"{server.host.domain_name} jupyter.example.org")  # fmt: skip
    assert "not for jupyter.example.org" in complaint(server.run(*APPLY, check=False))
    write_settings(server, SERVER_NAMES="")


def test_back_to_its_own_the_server_shows_one_that_the_team_trusts(
    server: BootedServer, installed: Installation, before: Processes
) -> None:
    write_settings(server, CERTIFICATE="own")
    server.run(*APPLY)
    wait_for("own certificate", lambda: serial_shown(server) != serial(server, "good"), 30)
    context = ssl.create_default_context(cafile=installed.ca)
    name = server.host.domain_name
    with socket.create_connection((name, 443), timeout=10) as connection:
        context.wrap_socket(connection, server_hostname=name).close()
    assert processes(server) == before
    assert state(server, WATCH) == "inactive"
    assert server.run("teamhub", "tls", "ca").stdout == Path(installed.ca).read_text()
