"""A certificate of the admin's own, checked before it is shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from teamhub.tls import admin_pair as files
from teamhub.tls.key_pair import KeyPair

HOST = "hub.example.org"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


@pytest.fixture(scope="module")
def good(folder: Path) -> tuple[Path, Path]:
    return make(folder, "good")


def make(
    folder: Path, name: str, *options: str, key: str = "rsa:2048", alternative: str = HOST
) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    certificate, private = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", key, "-nodes", "-subj", "/CN=team"),
            *("-addext", f"subjectAltName=DNS:{alternative}", *options),
            *("-keyout", private, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, private


def refusal(certificate: Path, key: Path, *hosts: str) -> str:
    with pytest.raises(files.BadCertificate) as raised:
        files.check(certificate, key, hosts or (HOST,))
    return raised.value.problem


@pytest.mark.parametrize("key", ["rsa:2048", "ec:/dev/stdin"])
def test_a_sound_pair_passes(folder: Path, key: str) -> None:
    if key.startswith("ec:"):
        curve = folder / "curve.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-out", curve], check=True)
        key = f"ec:{curve}"
    certificate, private = make(folder, "sound", key=key)
    assert files.check(certificate, private, (HOST,)).chain == certificate.read_bytes()


def test_a_whole_chain_is_kept_and_a_key_in_the_same_file_is_left_out(
    folder: Path, good: tuple[Path, Path]
) -> None:
    issuer, _ = make(folder, "issuer")
    bundle = folder / "bundle.pem"
    bundle.write_bytes(good[0].read_bytes() + good[1].read_bytes() + issuer.read_bytes())
    pair = files.check(bundle, bundle, (HOST,))
    assert pair.chain == good[0].read_bytes() + issuer.read_bytes()


def test_a_chain_in_the_wrong_order_is_named(folder: Path, good: tuple[Path, Path]) -> None:
    issuer, _ = make(folder, "issuer")
    bundle = folder / "reversed.pem"
    bundle.write_bytes(issuer.read_bytes() + good[0].read_bytes())
    assert "the server's certificate is not the first" in refusal(bundle, good[1])


def test_a_missing_issuer_is_a_warning(folder: Path) -> None:
    request, key, leaf = folder / "leaf.csr", folder / "leaf.key", folder / "leaf.crt"
    issuer, issuer_key = make(folder, "issuer")
    quiet = {"check": True, "capture_output": True}
    subprocess.run(
        [
            *("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=leaf"),
            *("-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", request),
        ],
        **quiet,  # type: ignore[call-overload]
    )
    subprocess.run(
        [
            *("openssl", "x509", "-req", "-in", request, "-copy_extensions", "copy"),
            *("-CA", issuer, "-CAkey", issuer_key, "-out", leaf),
        ],
        **quiet,  # type: ignore[call-overload]
    )
    assert "no certificate of its issuer" in files.check(leaf, key, (HOST,)).warnings[0]
    leaf.write_bytes(leaf.read_bytes() + issuer.read_bytes())
    assert files.check(leaf, key, (HOST,)).warnings == ()


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("hub.example.org", "hub.example.org", True),
        ("*.example.org", "hub.example.org", True),
        ("*.example.org", "a.hub.example.org", False),
        ("*.example.org", "example.org", False),
        ("hub.example.org", "hub", False),
    ],
)
def test_a_name_stands_for_a_host_as_browsers_see_it(name: str, host: str, covered: bool) -> None:
    assert files.covers(name, host) is covered


def test_every_name_has_to_be_covered(good: tuple[Path, Path]) -> None:
    assert "not for www.example.org" in refusal(*good, HOST, "www.example.org")


def test_a_pair_is_copied_once_and_readable_by_root_alone(
    folder: Path, good: tuple[Path, Path]
) -> None:
    place = KeyPair(folder / "server.key", folder / "server.crt")
    pair = files.check(*good, (HOST,))
    assert files.install(pair, place)
    assert not files.install(pair, place)
    assert {path.stat().st_mode & 0o777 for path in (place.key_path, place.certificate_path)} == {
        0o600
    }
    place.load()


def test_a_copy_that_was_cut_short_is_made_again(folder: Path, good: tuple[Path, Path]) -> None:
    place = KeyPair(folder / "cut.key", folder / "cut.crt")
    pair = files.check(*good, (HOST,))
    files.install(pair, place)
    place.certificate_path.unlink()
    assert files.install(pair, place)
    place.load()
