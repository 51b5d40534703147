"""A certificate of the admin's own, checked before it is shown."""

from __future__ import annotations

import base64
import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teamhub.tls import admin_pair as files
from teamhub.tls.key_pair import BadKeyPair, KeyPair

HOST = "hub.example.org"
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


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


#: The classes of ASN.1 that a certificate has, and lengths that are none.
BYTES = st.sampled_from([0, 5, 6, 12, 22, 48, 160, 255]) | st.integers(0, 255)
EDITS = st.lists(st.tuples(st.integers(0), BYTES), min_size=1, max_size=3)


def edited(pem: bytes, edits: list[tuple[int, int]]) -> bytes:
    """A PEM file whose content has other bytes in some places."""
    label = pem.splitlines()[0].strip(b"-").removeprefix(b"BEGIN ")
    content = bytearray(base64.b64decode(b"".join(pem.splitlines()[1:-1])))
    for place, byte in edits:
        content[place % len(content)] = byte
    text = base64.encodebytes(content)
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, text, label)


@pytest.fixture(scope="module")
def small(folder: Path) -> tuple[Path, Path]:
    """A pair of few bytes, so that each is met."""
    curve = folder / "small.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-out", curve], check=True)
    return make(folder, "small", key=f"ec:{curve}")


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400)
@given(edits=EDITS, of_key=st.booleans(), behind=st.booleans())
def test_a_pair_with_any_damage_is_refused_or_whole(
    folder: Path,
    small: tuple[Path, Path],
    edits: list[tuple[int, int]],
    of_key: bool,
    behind: bool,
) -> None:
    certificate, key = (path.read_bytes() for path in small)
    damaged = edited(key if of_key else certificate, edits)
    places = folder / "damaged.crt", folder / "damaged.key"
    places[0].write_bytes(certificate if of_key else certificate * behind + damaged)
    places[1].write_bytes(damaged if of_key else key)
    try:
        checked = files.check(*places, (HOST,))
    except files.BadCertificate as error:
        said = error.problem
    else:
        assert certificate.strip() in checked.chain or not behind
        return
    assert said.startswith(str(folder / "damaged"))
    with contextlib.suppress(BadKeyPair):
        KeyPair(places[1], places[0]).load()


@settings(max_examples=40)
@given(content=st.binary() | st.binary().map(lambda inner: BEGIN + inner + END))
def test_any_bytes_are_refused(folder: Path, good: tuple[Path, Path], content: bytes) -> None:
    (folder / "any").write_bytes(content)
    refusal(folder / "any", good[1])
    refusal(good[0], folder / "any")


def tagged(good: tuple[Path, Path], found: bytes, new: bytes) -> bytes:
    """A certificate with other bytes in one place."""
    pem = good[0].read_bytes()
    content = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    assert found in content
    text = base64.encodebytes(content.replace(found, new))
    return BEGIN + b"\n" + text + END


@pytest.mark.parametrize(
    ("found", "new"),
    [
        # the names that it is for: no context tag, and one of a kind that nobody has
        (b"\x82\x0fhub.example.org", b"\x02\x0fhub.example.org"),
        (b"\x82\x0fhub.example.org", b"\xbf\x0fhub.example.org"),
        # the algorithm of its signature, an OID that is none
        (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x7f"),
    ],
)
def test_a_part_of_an_unknown_kind_is_named(
    folder: Path, good: tuple[Path, Path], found: bytes, new: bytes
) -> None:
    (folder / "odd.crt").write_bytes(tagged(good, found, new))
    assert str(folder / "odd.crt") in refusal(folder / "odd.crt", good[1])
