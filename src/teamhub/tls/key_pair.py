"""A private key and its certificate as two PEM files that only root can read."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from teamhub.system.remedies import retry_command
from teamhub.system.run import write_file
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        PrivateKeyTypes,
        PublicKeyTypes,
    )


#: What cryptography raises for a certificate; most parts of it are parsed when they are asked for.
DAMAGE = (
    ValueError,
    KeyError,  # a name's type that Debian 12's cryptography (38) does not know
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

#: A certificate in a PEM file.
BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class BadKeyPair(TeamhubError):
    """A key or certificate on disk cannot be used."""


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, as two PEM files."""

    key_path: Path
    certificate_path: Path
    #: What an admin without a backup can do when the files are damaged, and what that costs.
    without_backup: str = "remove both"

    def exists(self) -> bool:
        """Whether both files exist."""
        return self.key_path.exists() and self.certificate_path.exists()

    def load(self) -> tuple[PrivateKeyTypes, x509.Certificate]:
        """Read both.  Raises BadKeyPair when they are damaged or do not belong together."""
        key = self.load_key()
        certificate = self.load_certificate()
        if spki(key.public_key()) != spki(certificate.public_key()):
            raise self.unusable("the key does not belong to the certificate")
        return key, certificate

    def load_key(self) -> PrivateKeyTypes:
        """Read the key alone.  Raises BadKeyPair."""
        try:
            return serialization.load_pem_private_key(read(self.key_path), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            # OpenSSL's own words for this are a list of Python objects
            raise self.unusable(f"{self.key_path.name} is damaged or empty") from error

    def load_certificate(self) -> x509.Certificate:
        """Read the certificate alone.  Raises BadKeyPair."""
        try:
            certificate = x509.load_pem_x509_certificate(read(self.certificate_path))
            certificate.public_key(), certificate.extensions, certificate.subject
        except DAMAGE as error:
            raise self.unusable(f"{self.certificate_path.name} is damaged or empty") from error
        return certificate

    def unusable(self, reason: str) -> BadKeyPair:
        """The error for files that cannot be used."""
        return BadKeyPair(
            f"{self.key_path} with {self.certificate_path}: {reason}",
            f"put the files back from a backup, or {self.without_backup}, then: {retry_command()}",
        )

    def write(self, key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate]) -> None:
        """Write both; only root can read them, since the folder is root's."""
        public = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain)
        self.write_pem(private_pem(key), public, certificate_mode=0o644)

    def write_pem(self, key: bytes, chain: bytes, *, certificate_mode: int) -> None:
        """Write both unchanged; the certificate last, since it makes the pair complete."""
        self.certificate_path.unlink(missing_ok=True)
        write_file(self.key_path, key, mode=0o600)
        write_file(self.certificate_path, chain, mode=certificate_mode)


def read(path: Path) -> bytes:
    """A file's content.  Raises BadKeyPair if it cannot be read, such as one that is missing."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadKeyPair(
            f"{path}: {error.strerror}", f"have it put back, if it is missing: {retry_command()}"
        ) from error


def start_of(certificate: x509.Certificate) -> datetime.datetime:
    """When a certificate becomes valid."""
    if hasattr(certificate, "not_valid_before_utc"):  # new in cryptography 42; Debian 12 has 38
        return certificate.not_valid_before_utc
    return certificate.not_valid_before.replace(tzinfo=datetime.UTC)


def end_of(certificate: x509.Certificate) -> datetime.datetime:
    """When a certificate expires."""
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=datetime.UTC)


def now() -> datetime.datetime:
    """The time by this server's clock, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def is_valid_now(certificate: x509.Certificate) -> bool:
    """Whether it is between a certificate's dates; not if it was made under a wrong clock."""
    return start_of(certificate) <= now() < end_of(certificate)


def private_pem(key: PrivateKeyTypes) -> bytes:
    """A private key as a file holds it, without a passphrase: nobody types one at boot."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def spki(key: PublicKeyTypes) -> bytes:
    """A public key as bytes; Debian 12's cryptography (38) cannot compare the objects."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
