"""The server's own authority and certificate, checked by OpenSSL as a browser would."""

from __future__ import annotations

import datetime
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from teamhub.tls import authority, key_pair
from teamhub.tls.key_pair import BadKeyPair, KeyPair
from teamhub.tls.names import sort_names

NAMES = sort_names(["hub.example.org", "hub", "10.0.0.5", "fd00::5"])
pytestmark = pytest.mark.usefixtures("pairs")


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


def test_an_authority_speaks_for_all_names_below_its_own(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    before = (pairs / "ca.crt").read_bytes()
    below = sort_names(["hub.example.org", "*.hub.example.org", "hub", "10.0.0.5", "fd00::5"])
    made = authority.ensure_certificates(below)
    assert made == [f"a certificate for {below}"]
    assert (pairs / "ca.crt").read_bytes() == before
    assert verifies(pairs, "-purpose", "sslserver", "-verify_hostname", "amy.hub.example.org")
    assert authority.ensure_certificates(below) == []


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


@pytest.mark.parametrize("years", [-50, -5, 5])
def test_what_was_made_under_a_wrong_clock_is_made_again_under_the_right_one(
    pairs: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    shown = key_pair.now() + datetime.timedelta(days=365 * years)
    with monkeypatch.context() as wrong:
        wrong.setattr(key_pair, "now", lambda: shown)
        authority.ensure_certificates(NAMES)
    assert not verifies(pairs)
    key = authority.AUTHORITY.key_path.read_bytes()
    made = authority.ensure_certificates(NAMES)
    assert verifies(pairs, "-purpose", "sslserver")
    assert authority.AUTHORITY.key_path.read_bytes() == key
    # an authority that is valid today is kept: its imports are
    assert any("have to import" in thing for thing in made) is (years != -5)
    assert authority.ensure_certificates(NAMES) == []


def test_one_that_is_in_order_is_made_again_if_it_is_asked_for(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    before = {path.name: path.read_bytes() for path in pairs.iterdir()}
    (made,) = authority.ensure_certificates(NAMES, renew=True)
    assert made.startswith("a certificate for")
    changed = {path.name for path in pairs.iterdir() if path.read_bytes() != before[path.name]}
    assert changed == {"server.crt", "server.key"}
    assert verifies(pairs, "-verify_hostname", "hub.example.org")


def test_then_it_has_the_names_that_are_asked_for_and_no_others(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    authority.ensure_certificates(sort_names(["hub.example.org"]), renew=True)
    assert verifies(pairs, "-verify_hostname", "hub.example.org")
    assert not verifies(pairs, "-verify_hostname", "hub")


def test_a_damaged_one_is_made_again_if_it_is_asked_for(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    (pairs / "server.crt").write_text("not PEM")
    authority.ensure_certificates(NAMES, renew=True)
    assert verifies(pairs)


def test_without_the_authority_s_key_none_is_made_again(pairs: Path) -> None:
    authority.ensure_certificates(NAMES)
    before = (pairs / "server.crt").read_bytes()
    (pairs / "ca.key").unlink()
    with pytest.raises(authority.LostAuthorityKey, match=r"ca\.key is missing"):
        authority.ensure_certificates(NAMES, renew=True)
    assert (pairs / "server.crt").read_bytes() == before


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


def served_is_verified_by(imported: Path, pairs: Path) -> bool:
    """Whether a client that imported this authority accepts the server, by Python's ssl."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pairs / "server.crt", pairs / "server.key")
    client = ssl.create_default_context(cafile=imported)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname="hub.example.org")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


def key_identifier(certificate: Path) -> bytes:
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return loaded.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


@pytest.fixture
def imported(pairs: Path) -> Path:
    """The authority's certificate, as the team has imported it."""
    authority.ensure_certificates(NAMES)
    kept = pairs / "imported"
    kept.write_bytes((pairs / "ca.crt").read_bytes())
    return kept


def test_a_lost_authority_comes_back_out_of_the_servers_chain(pairs: Path, imported: Path) -> None:
    (pairs / "ca.crt").unlink()
    (made,) = authority.ensure_certificates(NAMES)
    assert "the same as before" in made
    assert (pairs / "ca.crt").read_bytes() == imported.read_bytes()


@pytest.mark.parametrize("lost", [["server.crt"], ["server.crt", "server.key"]])
def test_one_made_of_its_key_leaves_every_import_valid(
    pairs: Path, imported: Path, lost: list[str]
) -> None:
    key = (pairs / "ca.key").read_bytes()
    for name in ["ca.crt", *lost]:
        (pairs / name).unlink()
    assert "made again from its key" in authority.ensure_certificates(NAMES)[0]
    assert (pairs / "ca.key").read_bytes() == key
    assert key_identifier(pairs / "ca.crt") == key_identifier(imported)
    now, before = (
        x509.load_pem_x509_certificate(p.read_bytes()) for p in (pairs / "ca.crt", imported)
    )
    assert now.subject == before.subject
    assert now.serial_number != before.serial_number
    for kind in (x509.NameConstraints, x509.BasicConstraints, x509.KeyUsage):
        found, wanted = (c.extensions.get_extension_for_class(kind) for c in (now, before))
        assert found == wanted
    for anchor in (imported, pairs / "ca.crt"):
        command = ["openssl", "verify", "-x509_strict", "-CAfile", str(anchor)]
        command += ["-verify_hostname", "hub.example.org", str(pairs / "server.crt")]
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
        assert served_is_verified_by(anchor, pairs)


def test_its_name_is_that_which_the_server_s_certificate_gives(pairs: Path, imported: Path) -> None:
    # the chain is cut, and the server's names have changed their order since
    leaf = x509.load_pem_x509_certificate((pairs / "server.crt").read_bytes())
    pem = leaf.public_bytes(serialization.Encoding.PEM)
    (pairs / "server.crt").write_bytes(pem)
    (pairs / "ca.crt").unlink()
    authority.ensure_certificates(sort_names(["hub", "hub.example.org", "10.0.0.5", "fd00::5"]))
    assert served_is_verified_by(imported, pairs)


def test_another_authority_is_not_accepted(pairs: Path, imported: Path) -> None:
    for name in ("ca.crt", "ca.key"):
        (pairs / name).unlink()
    authority.ensure_certificates(NAMES)
    assert not served_is_verified_by(imported, pairs)


def test_without_the_authority_s_key_the_server_serves_on_and_the_price_is_named(
    pairs: Path, imported: Path
) -> None:
    before = (pairs / "server.crt").read_bytes()
    (pairs / "ca.key").unlink()
    assert authority.ensure_certificates(NAMES) == []
    assert (pairs / "ca.crt").read_bytes() == imported.read_bytes()
    assert (pairs / "server.crt").read_bytes() == before
    assert "which everyone has to import" in authority.warning()
    assert not (pairs / "ca.key").exists()


@pytest.mark.usefixtures("imported")
def test_without_that_key_and_a_certificate_nothing_is_made(pairs: Path) -> None:
    (pairs / "ca.key").unlink()
    (pairs / "server.crt").unlink()
    with pytest.raises(authority.LostAuthorityKey, match=r"ca\.key is missing"):
        authority.ensure_certificates(NAMES)
    assert not (pairs / "ca.key").exists()
    assert not (pairs / "server.crt").exists()


@pytest.mark.parametrize("name", ["ca.key", "ca.crt", "server.key", "server.crt"])
@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n", "not PEM"])
@pytest.mark.usefixtures("imported")
def test_a_damaged_file_is_named_in_plain_words_and_kept(pairs: Path, name: str, text: str) -> None:
    (pairs / name).write_text(text)
    with pytest.raises(BadKeyPair) as raised:
        authority.ensure_certificates(NAMES)
    assert f"{name} is damaged or empty" in raised.value.problem
    assert "OpenSSL" not in str(raised.value)
    assert (pairs / name).read_text() == text
