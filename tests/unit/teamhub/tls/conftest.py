"""Key pairs in a folder of the test's own, and an authority that gives certificates by ACME."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from teamhub.tls import acme, acme_order, authority, key_pair
from teamhub.tls.key_pair import KeyPair
from teamhub_shared.settings import SETTINGS

HOST = "hub.example.org"


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the authority's pair and of the server's."""
    monkeypatch.setattr(authority, "IN_USE", tmp_path / "in-use.crt")
    for name, stem in (("AUTHORITY", "ca"), ("LEAF", "server")):
        pair = KeyPair(tmp_path / f"{stem}.key", tmp_path / f"{stem}.crt")
        monkeypatch.setattr(authority, name, pair)
    return tmp_path


class Given:
    """What an authority gives by ACME, in the folder where its unit leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values = {setting.key: setting.default for setting in SETTINGS} | {
            "CERTIFICATE": "acme",
            "ACME_DIRECTORY": "https://ca.example.org/directory",
            "SERVER_NAMES": HOST,
        }

    @property
    def path(self) -> Path:
        return self.folder / acme_order.file_name(self.values["ACME_DIRECTORY"])

    def give(self, *hosts: str, days: float = 90, age: float = 0) -> x509.Certificate:
        """A certificate that is valid for so many days, of which `age` have passed."""
        key = ec.generate_private_key(ec.SECP256R1())
        start = key_pair.now() - datetime.timedelta(days=age)
        names = [x509.DNSName(host) for host in hosts or (HOST,)]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "R3")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.path.write_bytes(key_pair.private_pem(key) + pem)
        return certificate

    def fail(self, problem: str) -> None:
        """The authority gives none."""
        (self.folder / acme_order.FAILURE).write_text(f"{problem}\nopen port 80\n")


@pytest.fixture
def given(tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """An authority that has given nothing yet, to a server that it may sign for."""
    assert pairs
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setattr(acme, "STATE", state)
    return Given(state)
