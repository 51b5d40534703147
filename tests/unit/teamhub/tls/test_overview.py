"""What there is to know of the certificate, asked of files and of a server on loopback."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from teamhub.tls import authority, certificates, names, overview
from teamhub.tls.key_pair import KeyPair
from teamhub_shared.settings import SETTINGS
from unit.teamhub.tls.conftest import Given

DEFAULTS = {setting.key: setting.default for setting in SETTINGS}
NAMES = names.sort_names(["hub.example.org", "hub", "10.0.0.5", "fd00::5"])


class Proxy:
    """Shows a certificate on loopback, as the proxy does on its port."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.listener.getsockname()[1])
        self.pair = authority.LEAF
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pair.certificate_path, self.pair.key_path)
            context.wrap_socket(connection, server_side=True).close()


@pytest.fixture
def own(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings of a server with a certificate of its own, whose proxy does not run."""
    assert pairs
    monkeypatch.setattr(overview, "SECONDS", 0.5)
    monkeypatch.setattr(names, "detect", lambda: NAMES)
    authority.ensure_certificates(NAMES)
    with socket.create_server(("127.0.0.1", 0)) as free:
        return {**DEFAULTS, "HTTPS_PORT": str(free.getsockname()[1])}


@pytest.fixture
def proxy(own: dict[str, str]) -> Iterator[Proxy]:
    """The proxy of that server, which runs."""
    running = Proxy()
    own["HTTPS_PORT"] = running.port
    yield running
    running.listener.close()


@pytest.fixture
def files(own: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Settings that name a pair of the admin's."""
    named = {"CERTIFICATE_FILE": str(tmp_path / "a.crt"), "KEY_FILE": str(tmp_path / "a.key")}
    make_files(named, "subjectAltName=DNS:*.example.org")
    return {**own, "CERTIFICATE": "files", **named}


def make_files(named: dict[str, str], *extensions: str) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=team"]
    for extension in extensions:
        command += ["-addext", extension]
    command += ["-keyout", named["KEY_FILE"], "-out", named["CERTIFICATE_FILE"]]
    subprocess.run(command, check=True, capture_output=True)


def copy(values: dict[str, str]) -> None:
    """Put the admin's pair where the proxy's unit takes it from."""
    for setting, place in (
        ("CERTIFICATE_FILE", authority.LEAF.certificate_path),
        ("KEY_FILE", authority.LEAF.key_path),
    ):
        place.write_bytes(Path(values[setting]).read_bytes())


def shown_by_openssl(path: Path, *what: str) -> str:
    command = ["openssl", "x509", "-noout", "-in", str(path), *what]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.usefixtures("proxy")
def test_a_certificate_of_its_own_is_described_as_openssl_does(own: dict[str, str]) -> None:
    seen = overview.read(own)
    path = authority.LEAF.certificate_path
    assert seen.kept.covered == NAMES
    assert seen.kept.issuer == "CN=teamhub on hub.example.org"
    assert seen.kept.sha256 in shown_by_openssl(path, "-fingerprint", "-sha256")
    assert seen.authority is not None
    assert seen.authority.sha256 in shown_by_openssl(
        authority.AUTHORITY.certificate_path, "-fingerprint", "-sha256"
    )
    assert seen.kept.days_left == authority.LEAF_DAYS - 1
    assert seen.kept.valid_until.endswith(" UTC")
    assert seen.in_use
    assert seen.not_covered.all == []
    assert seen.fault == ""


def test_for_programs_it_is_the_same(own: dict[str, str]) -> None:
    written = overview.read(own).as_json()
    certificate = written.pop("certificate")
    assert isinstance(certificate, dict)
    assert certificate["names"] == ["hub.example.org", "hub"]
    assert certificate["addresses"] == ["10.0.0.5", "fd00::5"]
    assert isinstance(written.pop("authority"), dict)
    assert written == {
        "source": "own",
        "in_use": False,
        "shown": None,
        "not_covered": [],
        "fault": "",
    }


def test_a_proxy_that_shows_another_is_found_out(own: dict[str, str], proxy: Proxy) -> None:
    leaf = authority.LEAF
    before = KeyPair(leaf.key_path.with_name("old.key"), leaf.certificate_path.with_name("old.crt"))
    before.key_path.write_bytes(leaf.key_path.read_bytes())
    before.certificate_path.write_bytes(leaf.certificate_path.read_bytes())
    proxy.pair = before
    authority.ensure_certificates(NAMES, renew=True)
    seen = overview.wait_until_in_use(own)
    assert not seen.in_use
    assert seen.shown is not None
    assert seen.shown.sha256 in overview.words_on_use(seen)
    assert "in use: no" in overview.in_a_line(own)
    proxy.pair = authority.LEAF
    assert overview.wait_until_in_use(own).in_use
    assert "in use" not in overview.in_a_line(own)


def test_a_proxy_that_does_not_run_is_said_so(own: dict[str, str]) -> None:
    assert "does not answer" in overview.words_on_use(overview.read(own))


def test_what_is_no_tls_is_no_certificate(own: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        own["HTTPS_PORT"] = str(listener.getsockname()[1])

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        assert overview.shown_by_proxy(own) is None


class TestNotCovered:
    """Each name and address that people type and the certificate does not have."""

    def test_a_name_that_is_new_needs_a_new_authority(self, own: dict[str, str]) -> None:
        own["SERVER_NAMES"] = "hub.example.org new.example.org 10.0.0.9"
        seen = overview.read(own)
        assert seen.not_covered.all == ["new.example.org", "10.0.0.9"]
        assert "everyone has to import" in overview.words_on_missing(seen)

    def test_a_name_that_was_left_out_needs_a_renewal(self, own: dict[str, str]) -> None:
        authority.ensure_certificates(names.sort_names(["hub"]), renew=True)
        seen = overview.read(own)
        assert seen.not_covered.all == ["hub.example.org", "10.0.0.5", "fd00::5"]
        assert overview.words_on_missing(seen).endswith("teamhub tls renew")

    def test_a_wildcard_covers_what_it_does_in_browsers(self, files: dict[str, str]) -> None:
        copy(files)
        files["SERVER_NAMES"] = "hub.example.org a.hub.example.org"
        assert overview.read(files).not_covered.all == ["a.hub.example.org"]
        assert "SERVER_NAMES" in overview.words_on_missing(overview.read(files))

    def test_a_certificate_without_names_covers_nothing(self, files: dict[str, str]) -> None:
        make_files(files)
        copy(files)
        assert overview.read(files).kept.covered.all == []
        assert overview.read(files).not_covered.all == ["hub.example.org"]


class TestFault:
    """What is wrong, or not yet done."""

    def test_files_that_are_in_use_have_none(self, files: dict[str, str]) -> None:
        copy(files)
        seen = overview.read(files)
        assert (seen.fault, seen.authority) == ("", None)

    def test_files_that_were_not_taken_up_are_named(self, files: dict[str, str]) -> None:
        assert "a.crt holds another certificate" in overview.read(files).fault
        assert "a.crt holds another certificate" in overview.in_a_line(files)

    def test_files_that_cannot_serve_are_named(self, files: dict[str, str]) -> None:
        copy(files)
        Path(files["KEY_FILE"]).write_bytes(authority.AUTHORITY.key_path.read_bytes())
        assert "a.key is not its key; name the two files" in overview.read(files).fault
        assert "\n" not in overview.in_a_line(files)

    def test_a_lost_key_of_the_authority_is_named(self, own: dict[str, str]) -> None:
        authority.AUTHORITY.key_path.unlink()
        assert "ca.key is missing" in overview.read(own).fault


class TestAcme:
    """A certificate that an authority gives."""

    @pytest.fixture
    def acme(self, own: dict[str, str], given: Given) -> dict[str, str]:
        return {**given.values, "HTTPS_PORT": own["HTTPS_PORT"]}

    def test_before_there_is_one_its_reason_is_said(
        self, acme: dict[str, str], given: Given
    ) -> None:
        given.fail("no route")
        line = overview.in_a_line(acme)
        assert line.startswith("acme, valid until ")
        assert line.endswith("; no route; tried again within an hour; open port 80")
        assert overview.read(acme).authority is None

    def test_one_that_serves_has_no_fault(self, acme: dict[str, str], given: Given) -> None:
        given.give()
        certificates.ensure(acme, lambda _: None)
        assert overview.read(acme).fault == ""

    def test_what_no_authority_signs_is_named(self, acme: dict[str, str], given: Given) -> None:
        given.give()
        certificates.ensure(acme, lambda _: None)
        acme["SERVER_NAMES"] += " 10.0.0.5"
        seen = overview.read(acme)
        assert (seen.not_covered.all, seen.fault) == (["10.0.0.5"], "")
        assert "full host names alone" in overview.words_on_missing(seen)


class TestInALine:
    """What `teamhub status` says."""

    def test_of_the_servers_own(self, own: dict[str, str]) -> None:
        until = overview.read(own).kept.valid_until
        line = f"own, valid until {until} ({authority.LEAF_DAYS - 1} days left)"
        assert overview.in_a_line(own) == line

    def test_of_anothers(self, own: dict[str, str]) -> None:
        own["CERTIFICATE"] = "none"
        assert overview.in_a_line(own) == "none: the proxy in front of this one has it"

    def test_of_a_damaged_one(self, own: dict[str, str]) -> None:
        authority.LEAF.certificate_path.write_text("not PEM")
        line = overview.in_a_line(own)
        assert line.startswith("own: ")
        assert "server.crt is damaged or empty; put the files back" in line


def test_names_are_read_from_the_certificate_alone(own: dict[str, str]) -> None:
    own["SERVER_NAMES"] = "other.example.org"
    path = authority.LEAF.certificate_path
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert overview.covered_by(certificate) == NAMES
