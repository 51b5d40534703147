"""An authority can speak for the names that it was made for, whatever kinds of names those are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from teamhub.tls import authority, constraints
from teamhub.tls.names import ServerNames, sort_names

NAMES = sort_names(["hub.example.org", "10.0.0.5"])


def verifies(folder: Path, *check: str) -> bool:
    files = ("-CAfile", str(folder / "ca.crt"), *check, str(folder / "server.crt"))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *files]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("own", "check", "foreign"),
    [
        (["10.0.0.5"], ("-verify_ip", "10.0.0.5"), ["bank.example.org"]),
        (["10.0.0.5"], ("-verify_ip", "10.0.0.5"), ["10.0.0.6"]),
        (["10.0.0.5"], ("-verify_ip", "10.0.0.5"), ["fd00::5"]),
        (["fd00::5"], ("-verify_ip", "fd00::5"), ["10.0.0.5"]),
        (["hub.example.org"], ("-verify_hostname", "hub.example.org"), ["10.0.0.5"]),
        (["hub.example.org"], ("-verify_hostname", "hub.example.org"), ["fd00::5"]),
        (["hub.example.org"], ("-verify_hostname", "hub.example.org"), ["bank.example.org"]),
    ],
)
def test_what_it_signs_holds_for_its_own_names_and_for_no_others(
    pairs: Path, own: list[str], check: tuple[str, str], foreign: list[str]
) -> None:
    authority.ensure_certificates(sort_names(own))
    assert verifies(pairs, *check)
    authority.LEAF.write(*authority.make_leaf(sort_names([*own, *foreign])))
    assert not verifies(pairs)


@pytest.mark.parametrize(
    ("names", "speaks"),
    [
        (["hub.example.org", "10.0.0.5"], True),
        (["hub.example.org", "10.0.0.9"], True),
        (["hub.example.org", "other.example.org"], False),
        (["10.0.0.5"], True),
        (["10.0.0.9"], False),
    ],
)
@pytest.mark.usefixtures("pairs")
def test_new_addresses_need_no_new_one_as_long_as_something_is_left(
    names: list[str], speaks: bool
) -> None:
    authority.ensure_certificates(NAMES)
    made = authority.AUTHORITY.load_certificate()
    assert constraints.can_speak_for(made, sort_names(names)) is speaks


@pytest.mark.usefixtures("pairs")
def test_of_other_names_those_are_left_that_it_was_made_for() -> None:
    authority.ensure_certificates(NAMES)
    made = authority.AUTHORITY.load_certificate()
    other = sort_names(["bank.example.org", "10.0.0.5", "10.0.0.6"])
    assert constraints.permitted(made, other) == ServerNames((), NAMES.addresses)


def test_an_authority_of_the_admins_own_without_constraints_speaks_for_all(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-keyout", "/dev/null", "-out", str(file), "-subj", "/CN=team"]
    subprocess.run([*command, *files], capture_output=True, check=True)
    made = x509.load_pem_x509_certificate(file.read_bytes())
    assert constraints.permitted(made, NAMES) == NAMES
