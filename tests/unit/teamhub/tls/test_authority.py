"""The server's own authority and certificate, checked by OpenSSL as a browser would."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from teamhub.tls import authority
from teamhub.tls.key_pair import BadKeyPair, KeyPair
from teamhub.tls.names import sort_names

NAMES = sort_names(["hub.example.org", "hub", "10.0.0.5", "fd00::5"])


@pytest.fixture(autouse=True)
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key pairs in a folder of the test's own."""
    for name, stem in (("AUTHORITY", "ca"), ("LEAF", "server")):
        pair = KeyPair(tmp_path / f"{stem}.key", tmp_path / f"{stem}.crt")
        monkeypatch.setattr(authority, name, pair)
    return tmp_path


def verifies(folder: Path, *check: str) -> bool:
    authority, leaf = str(folder / "ca.crt"), str(folder / "server.crt")
    command = ["openssl", "verify", "-x509_strict", "-CAfile", authority, *check, leaf]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize(
    "check",
    [
        ("-verify_hostname", "hub.example.org"),
        ("-verify_hostname", "hub"),
        ("-verify_ip", "10.0.0.5"),
        ("-verify_ip", "fd00::5"),
    ],
)
def test_the_certificate_holds_for_each_name_and_address(
    pairs: Path, check: tuple[str, str]
) -> None:
    authority.ensure_certificates(NAMES)
    assert verifies(pairs, "-purpose", "sslserver", *check)


def test_the_certificate_holds_for_no_other_name(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    assert not verifies(pairs, "-verify_hostname", "bank.example.org")


def test_the_authority_cannot_speak_for_another_site(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    authority.LEAF.write(*authority.make_leaf(sort_names(["bank.example.org"])))
    assert not verifies(pairs)


def test_keys_are_readable_by_their_owner_alone(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    assert {p.name: p.stat().st_mode & 0o777 for p in pairs.iterdir()} == {
        "ca.key": 0o600,
        "ca.crt": 0o644,
        "server.key": 0o600,
        "server.crt": 0o644,
    }


def test_a_second_run_makes_nothing(pairs: Path) -> None:
    assert authority.ensure_certificates(NAMES)
    before = {p.name: p.read_bytes() for p in pairs.iterdir()}
    assert authority.ensure_certificates(NAMES) == []
    assert {p.name: p.read_bytes() for p in pairs.iterdir()} == before


def test_a_certificate_that_ends_soon_is_renewed_under_the_same_authority(
    pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "LEAF_DAYS", authority.RENEW_DAYS - 1)
    authority.ensure_certificates(NAMES)
    monkeypatch.undo()
    before, leaf = (pairs / "ca.crt").read_bytes(), (pairs / "server.crt").read_bytes()
    for name, stem in (("AUTHORITY", "ca"), ("LEAF", "server")):
        monkeypatch.setattr(authority, name, KeyPair(pairs / f"{stem}.key", pairs / f"{stem}.crt"))
    assert len(authority.ensure_certificates(NAMES)) == 1
    assert (pairs / "ca.crt").read_bytes() == before
    assert (pairs / "server.crt").read_bytes() != leaf


def test_a_new_address_costs_nobody_a_new_import(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    before = (pairs / "ca.crt").read_bytes()
    assert authority.ensure_certificates(sort_names(["hub.example.org", "hub", "10.0.0.9"])) == []
    assert (pairs / "ca.crt").read_bytes() == before


def test_a_new_host_name_needs_a_new_authority(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    before = (pairs / "ca.crt").read_bytes()
    made = authority.ensure_certificates(sort_names(["other.example.org"]))
    assert "authority" in made[0]
    assert (pairs / "ca.crt").read_bytes() != before
    assert verifies(pairs, "-verify_hostname", "other.example.org")


def test_a_key_cut_short_is_made_again(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    (pairs / "server.crt").unlink()
    assert authority.ensure_certificates(NAMES)
    assert verifies(pairs)


def test_a_key_of_another_certificate_is_refused_and_kept(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    other = authority.make_leaf(NAMES)[0]
    certificate = x509.load_pem_x509_certificate((pairs / "server.crt").read_bytes())
    authority.LEAF.write(other, [certificate])
    foreign = (pairs / "server.key").read_bytes()
    with pytest.raises(BadKeyPair, match="does not belong to the certificate"):
        authority.ensure_certificates(NAMES)
    assert (pairs / "server.key").read_bytes() == foreign


def test_a_damaged_key_is_named(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    (pairs / "ca.key").write_text("not a key", "ascii")
    with pytest.raises(BadKeyPair, match=r"ca\.key"):
        authority.ensure_certificates(NAMES)


def test_an_rsa_pair_of_the_admins_gives_way_to_its_own(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=team"),
            *("-keyout", pairs / "server.key", "-out", pairs / "server.crt"),
        ],
        check=True,
        capture_output=True,
    )
    assert not verifies(pairs)
    assert len(authority.ensure_certificates(NAMES)) == 1
    assert verifies(pairs, "-verify_hostname", "hub.example.org")
