"""A certificate of the admin's own (CERTIFICATE=files): checked, then copied for the proxy.

The proxy must not be able to read the original: only root can read /etc/letsencrypt.
"""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from teamhub.system.remedies import retry_command
from teamhub.tls.key_pair import BLOCK, DAMAGE, KeyPair, end_of, private_pem, spki, start_of
from teamhub_shared import TeamhubError

#: What authorities sign and browsers accept (CA/Browser Forum Baseline Requirements, 6.1.5).
LEAST_RSA_BITS = 2048
#: SHA-256; browsers do not accept SHA-1 (CA/Browser Forum Baseline Requirements, 7.1.3.2).
LEAST_DIGEST_BYTES = 32


class BadCertificate(TeamhubError):
    """A certificate or key that the admin named cannot be used."""


@dataclass(frozen=True)
class Checked:
    """A pair that may be shown to browsers."""

    key: bytes
    chain: bytes
    warnings: tuple[str, ...]


def check(certificate_file: Path, key_file: Path, hosts: tuple[str, ...]) -> Checked:
    """Read a pair and check that it is sound, in date and valid for every one of `hosts`.

    Raises BadCertificate, naming the file and what is wrong.
    """
    blocks = read_blocks(certificate_file)
    key = load_key(key_file)
    try:
        chain = list(map(x509.load_pem_x509_certificate, blocks))
        check_pair(chain, certificate_file, key, key_file)
        check_signature(chain[0], certificate_file)
        check_dates(chain[0], certificate_file)
        check_hosts(chain[0], certificate_file, hosts)
        alone = len(chain) == 1 and chain[0].issuer != chain[0].subject
    except DAMAGE as error:
        words = "a certificate in it is damaged, or has a part of an unknown kind"
        raise bad(certificate_file, words, "get the file again") from error
    check_with_openssl(certificate_file, key_file)
    warning = (
        f"{certificate_file} does not hold the certificate of its issuer; "
        "programs that do not know the issuer will refuse the server (certbot: use fullchain.pem)"
    )
    return Checked(private_pem(key), b"\n".join([*blocks, b""]), (warning,) if alone else ())


def install(pair: Checked, place: KeyPair) -> bool:
    """Put a pair where the proxy's unit takes it from; return whether that changed anything."""
    if place.exists() and place.certificate_path.read_bytes() == pair.chain:
        return False
    place.write_pem(pair.key, pair.chain, certificate_mode=0o600)
    return True


def read_blocks(path: Path) -> list[bytes]:
    """The certificates in a PEM file, unchanged."""
    blocks = BLOCK.findall(read(path))
    if not blocks:
        raise bad(path, "it holds no certificate in PEM form", "name the file that does")
    return blocks


def read(path: Path) -> bytes:
    """A file that the settings name."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise bad(path, error.strerror or str(error), "put it there or name another") from error


def load_key(path: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """The private key: RSA or an elliptic curve's, since browsers accept no others."""
    try:
        key = serialization.load_pem_private_key(read(path), None)
    except TypeError as error:
        remedy = f"store it without one (openssl pkey -in {path} -out FILE)"
        raise bad(path, "the key has a passphrase, which nobody types at boot", remedy) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise bad(path, "it holds no private key in PEM form", "name the key's file") from error
    remedy = "have a certificate made for an RSA key of 2048 bits or an EC key"
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise bad(path, "browsers do not accept a key of this kind", remedy)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        raise bad(path, f"an RSA key of {key.key_size} bits is too weak", remedy)
    return key


def check_pair(
    chain: list[x509.Certificate],
    certificate_file: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    key_file: Path,
) -> None:
    """Raise BadCertificate unless the key is that of the first certificate."""
    owners = [spki(c.public_key()) == spki(key.public_key()) for c in chain]
    if not any(owners):
        raise bad(
            certificate_file,
            f"{key_file} is not its key",
            "name the two files that belong together",
        )
    if not owners[0]:
        raise bad(
            certificate_file,
            "the server's certificate is not the first in it",
            "write the server's own first, then its issuer's",
        )


def check_signature(certificate: x509.Certificate, path: Path) -> None:
    """Raise BadCertificate for a signature that browsers no longer accept."""
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.digest_size < LEAST_DIGEST_BYTES:
        name = algorithm.name.upper() if algorithm else "another digest than SHA-2"
        raise bad(path, f"it is signed with {name}", "get one that is signed with SHA-256")


def check_dates(certificate: x509.Certificate, path: Path) -> None:
    """Raise BadCertificate unless it is valid today."""
    now = datetime.datetime.now(datetime.UTC)
    if end_of(certificate) < now:
        raise bad(path, f"it expired on {end_of(certificate):%Y-%m-%d}", "renew it")
    if start_of(certificate) > now:
        raise bad(
            path,
            f"it is not valid before {start_of(certificate):%Y-%m-%d %H:%M} UTC",
            "set the server's clock if it is wrong (timedatectl)",
        )


def check_hosts(certificate: x509.Certificate, path: Path, hosts: tuple[str, ...]) -> None:
    """Raise BadCertificate unless it is valid for all of `hosts`."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        covered = []
    else:
        covered = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    missing = [host for host in hosts if not any(covers(name, host) for name in covered)]
    if missing:
        raise bad(
            path,
            f"it is valid for {', '.join(covered) or 'no name'}, not for {missing[0]}",
            "name in SERVER_NAMES and SUBDOMAIN_HOST only what it is valid for, or get one for all",
        )


def covers(name: str, host: str) -> bool:
    """Whether a certificate's name stands for a host; * is one whole label (RFC 6125)."""
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return host == name


def check_with_openssl(certificate_file: Path, key_file: Path) -> None:
    """Raise BadCertificate for what OpenSSL refuses to serve, such as a weak curve."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate_file, key_file)
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        raise bad(certificate_file, f"OpenSSL refuses it: {reason}", "get a new one") from error


def bad(path: Path, reason: str, remedy: str) -> BadCertificate:
    """The error for a file; the certificate in use stays."""
    return BadCertificate(f"{path}: {reason}", f"{remedy}, then: {retry_command()}")
