"""What is lost of the certificates is made again, and what that costs is said.

One server goes from fault to fault, and serves its login page after each.
"""

from __future__ import annotations

import subprocess

import pytest

from support.container import BootedServer
from support.installation import wait_for_login_page
from support.settings import APPLY, apply, complaint, text_of

TLS = "/etc/teamhub/tls"


@pytest.mark.fault(
    "ca.crt deleted",
    person="nothing: people work on",
    admin="`tls ca`: No such file",
    remedy="teamhub apply, or the daily timer; it is the same again",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.parametrize(
    "command",
    [APPLY, ("systemctl", "start", "teamhub-certificates.service")],
    ids=["apply", "timer"],
)
def test_a_lost_certificate_of_the_authority_is_the_same_again(
    server: BootedServer, command: tuple[str, ...]
) -> None:
    before = text_of(server, f"{TLS}/ca.crt")
    server.run("rm", f"{TLS}/ca.crt")
    assert f"{TLS}/ca.crt: No such file" in complaint(
        server.run("teamhub", "tls", "ca", check=False)
    )
    server.run(*command)
    assert text_of(server, f"{TLS}/ca.crt") == before


@pytest.mark.fault(
    "ca.crt and the server's certificate deleted",
    person="no page for some seconds",
    admin="`apply`: made again from its key",
    remedy="teamhub apply; imports stay valid",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_one_made_again_from_the_key_leaves_imports_valid(server: BootedServer) -> None:
    server.run("sh", "-c", f"cp -p {TLS}/ca.crt /root/; rm {TLS}/ca.crt {TLS}/server.*")
    server.run("systemctl", "stop", "teamhub-proxy")
    assert "made again from its key" in apply(server)
    other = server.run("cmp", f"{TLS}/ca.crt", "/root/ca.crt", check=False)
    assert other.returncode == 1


@pytest.mark.fault(
    "ca.key lost",
    person="nothing: people work on",
    admin="`apply` warns that it is missing",
    remedy="putting it back, or a new authority as the warning says",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_without_the_authority_s_key_what_there_is_goes_on_serving(server: BootedServer) -> None:
    server.run("mv", f"{TLS}/ca.key", "/root/")
    certificate = text_of(server, f"{TLS}/ca.crt")
    said = apply(server)
    assert f"warning: {TLS}/ca.key is missing" in said
    assert f"which everyone has to import: rm {TLS}/ca.crt" in said
    assert text_of(server, f"{TLS}/ca.crt") == certificate
    server.run("mv", "/root/ca.key", TLS)
    assert "ca.key" not in apply(server)


@pytest.mark.fault(
    "a damaged PEM",
    person="nothing: people work on",
    admin="`apply`: server.crt is damaged or empty",
    remedy="what the message says",
)
def test_a_damaged_certificate_is_named_in_plain_words(server: BootedServer) -> None:
    text = text_of(server, f"{TLS}/server.crt")
    server.run("tee", f"{TLS}/server.crt", given="-----BEGIN CERTIFICATE-----\nAAAA\n")
    failed: subprocess.CompletedProcess[str] = server.run(*APPLY, check=False)
    assert "server.crt is damaged or empty" in complaint(failed)
    assert "OpenSSL" not in failed.stderr
    server.run("tee", f"{TLS}/server.crt", given=text)


@pytest.mark.fault(
    "tls/ deleted",
    person="has to import the new authority",
    admin="`apply`: a new authority, which people have to import",
    remedy="teamhub apply",
)
def test_all_certificates_deleted_are_made_again_and_the_price_is_named(
    server: BootedServer,
) -> None:
    server.run("rm", "-r", TLS)
    said = apply(server)
    assert f"made missing folders again: {TLS}" in said
    assert "a new certificate authority; people have to import it" in said
    ca = server.log.parent / "new-ca.crt"
    ca.write_text(server.run("teamhub", "tls", "ca").stdout)
    wait_for_login_page(server, ca)
