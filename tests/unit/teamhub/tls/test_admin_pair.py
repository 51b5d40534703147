"""A certificate of the admin's own, checked before it is shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
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
    """A certificate that signs itself, and its key; with "" as `alternative` it has no name."""
    certificate, private = folder / f"{name}.crt", folder / f"{name}.key"
    names = ("-addext", f"subjectAltName=DNS:{alternative}") if alternative else ()
    openssl(
        *("req", "-x509", "-newkey", key, "-nodes", "-subj", "/CN=team", *names, *options),
        *("-keyout", private, "-out", certificate),
    )
    return certificate, private


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


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


def over(folder: Path, good: tuple[Path, Path]) -> tuple[Path, Path]:
    """A certificate that ended as it began, since only an authority makes one that is over."""
    request, certificate = folder / "over.csr", folder / "over.crt"
    names = ("-addext", f"subjectAltName=DNS:{HOST}")
    openssl("req", "-new", "-key", good[1], "-subj", "/CN=team", *names, "-out", request)
    sign = ("x509", "-req", "-in", request, "-copy_extensions", "copy", "-days", "0")
    openssl(*sign, "-signkey", good[1], "-out", certificate)
    return certificate, good[1]


def locked(folder: Path, good: tuple[Path, Path]) -> tuple[Path, Path]:
    """A pair whose key has a passphrase."""
    key = folder / "locked.key"
    openssl("rsa", "-aes256", "-passout", "pass:secret", "-in", good[1], "-out", key)
    return good[0], key


def damaged(folder: Path, good: tuple[Path, Path]) -> tuple[Path, Path]:
    """A pair whose certificate is something else."""
    certificate = folder / "damaged.crt"
    certificate.write_text("not a certificate\n")
    return certificate, good[1]


#: What is wrong with a pair: how it is made, which of its files is named, and the words.
WRONG: dict[str, tuple[Callable[[Path, tuple[Path, Path]], tuple[Path, Path]], int, str]] = {
    "no certificate": (
        lambda folder, good: (folder / "missing.crt", good[1]),
        0,
        "No such file or directory",
    ),
    "no key": (
        lambda folder, good: (good[0], folder / "missing.key"),
        1,
        "No such file or directory",
    ),
    "weak": (
        lambda folder, _: make(folder, "weak", key="rsa:1024"),
        1,
        "an RSA key of 1024 bits is too weak",
    ),
    "of no name": (
        lambda folder, _: make(folder, "nameless", alternative=""),
        0,
        f"it is valid for no name, not for {HOST}",
    ),
    "of another host": (
        lambda folder, _: make(folder, "other-host", alternative="bank.example.org"),
        0,
        f"it is valid for bank.example.org, not for {HOST}",
    ),
    "over": (over, 0, "it expired on "),
    "SHA-1": (lambda folder, _: make(folder, "sha1", "-sha1"), 0, "it is signed with SHA1"),
    "Edwards curve": (
        lambda folder, _: make(folder, "edwards", key="ed25519"),
        1,
        "browsers do not accept a key of this kind",
    ),
    "passphrase": (locked, 1, "the key has a passphrase"),
    "damaged": (damaged, 0, "it holds no certificate in PEM form"),
    "key twice": (lambda _, good: (good[1], good[1]), 0, "it holds no certificate in PEM form"),
    "certificate twice": (
        lambda _, good: (good[0], good[0]),
        1,
        "it holds no private key in PEM form",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_pair_that_cannot_serve_is_refused_by_its_file(
    folder: Path, good: tuple[Path, Path], wrong: str
) -> None:
    pair, named, words = WRONG[wrong]
    files_named = pair(folder, good)
    assert refusal(*files_named).startswith(f"{files_named[named]}: {words}")


def test_a_key_of_another_certificate_is_refused(folder: Path, good: tuple[Path, Path]) -> None:
    _, other = make(folder, "other")
    assert refusal(good[0], other).startswith(f"{good[0]}: {other} is not its key")


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
    assert "not hold the certificate of its issuer" in files.check(leaf, key, (HOST,)).warnings[0]
    leaf.write_bytes(leaf.read_bytes() + issuer.read_bytes())
    assert files.check(leaf, key, (HOST,)).warnings == ()


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("hub.example.org", "hub.example.org", True),
        ("*.example.org", "hub.example.org", True),
        ("*.example.org", "a.hub.example.org", False),
        ("*.example.org", "example.org", False),
        ("*.example.org", "*.example.org", True),
        ("hub.example.org", "*.hub.example.org", False),
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
